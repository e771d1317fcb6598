//! The documents of the API are what the app serves and its commands print.

use std::process::Command;

use crate::support::compare;

#[test]
fn the_documents_of_the_api_are_up_to_date() {
    compare("docs/api/openapi.json", web::openapi());
    compare("docs/api/asyncapi.json", web::asyncapi());
}

#[test]
fn commands_print_the_documents() {
    for (name, document) in [("openapi", web::openapi()), ("asyncapi", web::asyncapi())] {
        let output = Command::new(env!("CARGO_BIN_EXE_paybridge")).arg(name).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stdout == document.as_bytes(), "paybridge {name} prints something else");
    }
}
