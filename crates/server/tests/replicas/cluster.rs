//! Two processes that answer and two that work on one database, what stands before the first two, and
//! what starts each of them again.

use std::fs::File;
use std::net::TcpListener as Socket;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::installation::{Installation, Process, free_port};

/// How often it is looked whether a process has ended by itself.
const WATCH: Duration = Duration::from_millis(50);

struct Replica {
    role: &'static str,
    port: u16,
    process: Mutex<Process>,
}

/// The replicas of an installation.
pub struct Cluster {
    installation: Arc<Installation>,
    door: String,
    replicas: Vec<Replica>,
    /// How often one that found no database when it started was started again.
    pub revived: AtomicUsize,
}

impl Cluster {
    /// Starts them. What the tasks do ends when they are dropped.
    pub fn start(installation: Arc<Installation>) -> (Arc<Self>, Tasks) {
        let socket = Socket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let door = format!("http://{}", socket.local_addr().unwrap());
        let replicas = ["api", "api", "worker", "worker"].map(|role| {
            let port = free_port();
            let process = Mutex::new(start(&installation, &door, role, port));
            Replica { role, port, process }
        });
        let replicas = Vec::from(replicas);
        let cluster = Arc::new(Self { installation, door, replicas, revived: AtomicUsize::new(0) });
        let doorman = tokio::spawn(lead(socket, cluster.ports("api")));
        let watching = tokio::spawn(cluster.clone().watch());
        (cluster, Tasks(vec![doorman, watching]))
    }

    /// The address that all know: it leads to a replica that answers.
    pub fn door(&self) -> &str {
        &self.door
    }

    /// The addresses of the replicas that answer requests.
    pub fn addresses(&self) -> Vec<String> {
        self.ports("api").into_iter().map(|port| format!("http://127.0.0.1:{port}")).collect()
    }

    /// Kills one of them, wherever it is, and starts it again at once. Returns its role.
    pub fn kill(&self, which: usize) -> &'static str {
        let replica = &self.replicas[which % self.replicas.len()];
        let mut process = replica.process.lock().unwrap();
        process.kill();
        *process = start(&self.installation, &self.door, replica.role, replica.port);
        replica.role
    }

    /// The ids of the processes that live.
    pub fn ids(&self) -> Vec<u32> {
        self.replicas.iter().map(|replica| replica.process.lock().unwrap().0.id()).collect()
    }

    fn ports(&self, role: &str) -> Vec<u16> {
        let of_role = self.replicas.iter().filter(|replica| replica.role == role);
        of_role.map(|replica| replica.port).collect()
    }

    /// As every service manager does: what has ended by itself is started again.
    async fn watch(self: Arc<Self>) {
        loop {
            for replica in &self.replicas {
                let mut process = replica.process.lock().unwrap();
                if process.0.try_wait().unwrap().is_some() {
                    *process = start(&self.installation, &self.door, replica.role, replica.port);
                    self.revived.fetch_add(1, Ordering::SeqCst);
                }
            }
            tokio::time::sleep(WATCH).await;
        }
    }
}

/// What runs beside the test.
pub struct Tasks(pub Vec<JoinHandle<()>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

fn start(installation: &Installation, door: &str, role: &str, port: u16) -> Process {
    let mut command = installation.command(&["serve", "--role", role]);
    command
        .env("PAYBRIDGE_LISTEN", format!("127.0.0.1:{port}"))
        .env("PAYBRIDGE_PUBLIC_URL", door)
        .stdout(Stdio::null())
        .stderr(log(role, port));
    Process(command.spawn().expect("the program starts"))
}

/// Where a replica's log goes: nowhere, or into the folder that `KILL_LOGS` names.
fn log(role: &str, port: u16) -> Stdio {
    let Some(folder) = std::env::var_os("KILL_LOGS").map(PathBuf::from) else {
        return Stdio::null();
    };
    let file = folder.join(format!("{role}-{port}.log"));
    File::options().create(true).append(true).open(file).unwrap().into()
}

/// A load balancer: each connection goes to the next replica that takes it.
async fn lead(socket: Socket, ports: Vec<u16>) {
    let listener = TcpListener::from_std(socket).unwrap();
    for turn in 0.. {
        let Ok((mut outside, _)) = listener.accept().await else { continue };
        let mut ports = ports.clone();
        ports.rotate_left(turn % 2);
        tokio::spawn(async move {
            for port in ports {
                if let Ok(mut inside) = TcpStream::connect(("127.0.0.1", port)).await {
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                    return;
                }
            }
        });
    }
}
