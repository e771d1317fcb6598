//! A PostgreSQL of this test's own that falls and comes back.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use crate::installation::free_port;

/// However long recovery takes on a loaded machine.
const STARTS_MAX: usize = 600;

/// The server's programs and data, and its process while it runs.
pub struct Server {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
    synced: bool,
    process: Mutex<Option<Child>>,
}

impl Server {
    /// Starts one, whose data are `synced` to disk as in earnest, or left to the operating system: that
    /// has them also after the server's processes have died.
    pub fn start(synced: bool) -> Self {
        let programs = programs();
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            run(Command::new("chown").arg("nobody").arg(folder.path()));
        }
        let server =
            Self { programs, folder, port: free_port(), synced, process: Mutex::new(None) };
        let mut initdb = server.program("initdb");
        initdb.arg("--pgdata").arg(server.data());
        initdb.args(["--username=paybridge", "--auth=trust", "--encoding=UTF8", "--no-sync"]);
        run(initdb.arg("--locale=C.UTF-8"));
        server.rise();
        server
    }

    pub fn address(&self) -> String {
        format!("postgres://paybridge@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends as in a crash: nobody is waited for, and nothing is written down before.
    pub fn fall(&self) {
        let Some(mut process) = self.process.lock().unwrap().take() else { return };
        run(Command::new("kill").args(["-QUIT", &process.id().to_string()]));
        process.wait().unwrap();
    }

    /// Starts, with recovery from the log if it fell, and answers.
    pub fn rise(&self) {
        let mut postgres = self.program("postgres");
        postgres.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        postgres.args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        let fsync = if self.synced { "fsync=on" } else { "fsync=off" };
        postgres.args(["-c", fsync, "-c", "shared_buffers=32MB"]);
        let postgres = postgres.stdout(Stdio::null()).stderr(Stdio::null());
        *self.process.lock().unwrap() = Some(postgres.spawn().unwrap());
        for _ in 0..STARTS_MAX {
            let mut ready = self.program("pg_isready");
            ready.args(["--quiet", "--host=127.0.0.1", "--port", &self.port.to_string()]);
            if ready.status().unwrap().success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL does not start");
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of its programs. It does not run as root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.fall();
    }
}

fn programs() -> PathBuf {
    let of_the_distribution = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let folders = of_the_distribution.map(|version| version.unwrap().path().join("bin"));
    let newest = folders.filter(|folder| folder.join("initdb").exists()).max();
    newest.unwrap_or_else(|| Path::new("").to_owned())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

fn run(command: &mut Command) {
    let output = command.output().expect("PostgreSQL is there: install the package `postgresql`");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
}
