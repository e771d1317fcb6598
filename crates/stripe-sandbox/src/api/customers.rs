//! Customers, and the part of Stripe's search language that finds them.

use serde_json::{Value, json};

use crate::api::lists;
use crate::desk::Desk;
use crate::error::ApiError;
use crate::params::{Metadata, Params};

/// How many customers a search gives at most.
const SEARCH_LIMIT_MAX: i64 = 100;
/// How many where nothing is asked for.
const SEARCH_LIMIT_DEFAULT: i64 = 10;

/// Texts a customer has; all of them can be unset.
const TEXTS: &[&str] = &["description", "email", "name", "phone"];

/// Parameters without effect.
const WITHOUT_EFFECT: &[&str] = &[
    "balance",
    "business_name",
    "cash_balance",
    "individual_name",
    "invoice_prefix",
    "invoice_settings",
    "next_invoice_sequence",
    "payment_method",
    "source",
    "tax",
    "tax_exempt",
    "tax_id_data",
    "test_clock",
    "validate",
];

/// One customer.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    id: String,
    created: i64,
    texts: Metadata,
    metadata: Metadata,
    address: Option<Value>,
    shipping: Option<Value>,
    preferred_locales: Vec<String>,
}

impl Customer {
    pub(crate) fn render(&self, livemode: bool) -> Value {
        json!({
            "id": self.id,
            "object": "customer",
            "address": self.address,
            "balance": 0,
            "created": self.created,
            "currency": null,
            "default_source": null,
            "delinquent": false,
            "description": self.texts.get("description"),
            "email": self.texts.get("email"),
            "invoice_settings": {
                "custom_fields": null,
                "default_payment_method": null,
                "footer": null,
                "rendering_options": null,
            },
            "livemode": livemode,
            "metadata": self.metadata,
            "name": self.texts.get("name"),
            "phone": self.texts.get("phone"),
            "preferred_locales": self.preferred_locales,
            "shipping": self.shipping,
            "tax_exempt": "none",
            "test_clock": null,
        })
    }

    fn read(&mut self, params: &mut Params) -> Result<(), ApiError> {
        params.accept(WITHOUT_EFFECT);
        for name in TEXTS {
            match params.text(name)? {
                None => {}
                Some(text) if text.is_empty() => {
                    self.texts.remove(*name);
                }
                Some(text) => {
                    self.texts.insert((*name).to_owned(), text);
                }
            }
        }
        params.metadata(&mut self.metadata)?;
        if let Some(address) = params.json("address") {
            self.address = Some(address);
        }
        if let Some(shipping) = params.json("shipping") {
            self.shipping = Some(shipping);
        }
        if let Some(locales) = params.list("preferred_locales")? {
            self.preferred_locales = locales;
        }
        Ok(())
    }
}

pub(crate) fn create(desk: &mut Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let mut customer = Customer {
        id: String::new(),
        created: desk.second(),
        texts: Metadata::new(),
        metadata: Metadata::new(),
        address: None,
        shipping: None,
        preferred_locales: Vec::new(),
    };
    customer.read(&mut params)?;
    params.finish()?;
    customer.id = desk.ids.next("cus");
    let shown = customer.render(desk.livemode);
    desk.objects.customers.put(&customer.id.clone(), customer);
    desk.tell("customer.created", shown.clone());
    Ok(shown)
}

fn find(desk: &Desk<'_>, id: &str) -> Result<Customer, ApiError> {
    desk.objects.customers.get(id).cloned().ok_or_else(|| ApiError::not_found("customer", id, "id"))
}

pub(crate) fn retrieve(desk: &Desk<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    Ok(find(desk, id)?.render(desk.livemode))
}

pub(crate) fn update(desk: &mut Desk<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let mut customer = find(desk, id)?;
    customer.read(&mut params)?;
    params.finish()?;
    let shown = customer.render(desk.livemode);
    desk.objects.customers.put(id, customer);
    desk.tell("customer.updated", shown.clone());
    Ok(shown)
}

pub(crate) fn list(desk: &Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let email = params.filled("email")?;
    let page = lists::Page::read(&mut params)?;
    params.finish()?;
    let matching = desk.objects.customers.newest_first().filter(|customer| {
        email.as_ref().is_none_or(|email| customer.texts.get("email") == Some(email))
            && page.created.includes(customer.created)
    });
    page.cut(
        "/v1/customers",
        matching,
        |customer| &customer.id,
        |customer| customer.render(desk.livemode),
    )
}

/// `email:'a@b.c' AND metadata['k']:'v'`: equality only, joined by AND.
pub(crate) fn search(desk: &Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let query = params.required("query")?;
    let limit = params.integer("limit")?.unwrap_or(SEARCH_LIMIT_DEFAULT);
    params.accept(&["page"]);
    params.finish()?;
    let limit = usize::try_from(limit.clamp(1, SEARCH_LIMIT_MAX)).unwrap_or(1);
    let mut clauses = Vec::new();
    for clause in query.split(" AND ") {
        let clause = read_clause(clause.trim()).ok_or_else(|| {
            ApiError::invalid(format!(
                "The search clause {clause:?} is not understood: write field:'value'."
            ))
            .param("query")
        })?;
        clauses.push(clause);
    }
    let matching: Vec<&Customer> = desk
        .objects
        .customers
        .newest_first()
        .filter(|customer| clauses.iter().all(|clause| clause.matches(customer)))
        .collect();
    let data: Vec<Value> =
        matching.iter().take(limit).map(|customer| customer.render(desk.livemode)).collect();
    Ok(json!({
        "object": "search_result",
        "url": "/v1/customers/search",
        "has_more": matching.len() > limit,
        "next_page": null,
        "data": data,
    }))
}

enum Field {
    Text(String),
    Metadata(String),
}

struct Clause {
    field: Field,
    value: String,
}

impl Clause {
    fn matches(&self, customer: &Customer) -> bool {
        let found = match &self.field {
            Field::Text(name) => customer.texts.get(name),
            Field::Metadata(key) => customer.metadata.get(key),
        };
        // Stripe's search does not mind the case.
        found.is_some_and(|found| found.eq_ignore_ascii_case(&self.value))
    }
}

fn read_clause(clause: &str) -> Option<Clause> {
    let (field, value) = clause.split_once(':')?;
    let value = unquote(value.trim())?;
    let field = field.trim();
    let field = if TEXTS.contains(&field) {
        Field::Text(field.to_owned())
    } else {
        let key = field.strip_prefix("metadata[")?.strip_suffix(']')?;
        Field::Metadata(unquote(key)?)
    };
    Some(Clause { field, value })
}

fn unquote(text: &str) -> Option<String> {
    let inner = text
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .or_else(|| text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')))?;
    Some(inner.replace("\\'", "'").replace("\\\"", "\""))
}
