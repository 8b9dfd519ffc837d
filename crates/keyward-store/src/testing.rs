//! Databases for tests: an empty, migrated one for each test, gone afterwards.
//!
//! PostgreSQL is one cluster per test process, reached by a socket in a private directory. A shell watches the test
//! process through a pipe, and stops and removes the cluster when the process ends, however it ends.

#![expect(clippy::panic, reason = "a test that has no database fails by panicking, with what to do about it")]

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use keyward_core::id::NodeId;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use tokio::sync::OnceCell;

use crate::{Store, StoreOptions};

/// A database of one test, with a store on it.
pub struct TestStore {
    /// The store.
    pub store: Store,
    /// The database under it.
    pub database: TestDatabase,
}

/// A database of one test.
pub struct TestDatabase {
    /// Where [`Store::open`] finds it.
    pub url: String,
    /// Removed with this value. On PostgreSQL the cluster goes as a whole.
    directory: Option<tempfile::TempDir>,
}

impl TestStore {
    /// On an empty SQLite database.
    pub async fn sqlite() -> Self {
        TestDatabase::sqlite().await.into_store().await
    }

    /// On an empty PostgreSQL database. Panics, saying what to install, where there is no PostgreSQL.
    pub async fn postgres() -> Self {
        TestDatabase::postgres().await.into_store().await
    }

    /// One more store on the same database, as another node would have it.
    pub async fn another(&self) -> Store {
        self.database.open(options()).await
    }
}

impl std::ops::Deref for TestStore {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

impl TestDatabase {
    /// An empty SQLite database.
    pub async fn sqlite() -> Self {
        let empty = Self::sqlite_unmigrated();
        must(Store::migrate(&empty.url, &options()).await, "migrate");
        empty
    }

    /// A SQLite database that does not exist yet.
    pub fn sqlite_unmigrated() -> Self {
        let directory = must(tempfile::tempdir(), "make a temporary directory");
        let url = format!("sqlite:{}", directory.path().join("keyward.db").display());
        Self { url, directory: Some(directory) }
    }

    /// An empty PostgreSQL database.
    pub async fn postgres() -> Self {
        static TEMPLATE: OnceCell<()> = OnceCell::const_new();
        TEMPLATE
            .get_or_init(async || {
                Cluster::shared().administer("CREATE DATABASE keyward_template").await;
                must(Store::migrate(&Cluster::shared().url("keyward_template"), &options()).await, "migrate");
            })
            .await;
        let name = format!("test_{}", number());
        Cluster::shared().administer(&format!("CREATE DATABASE {name} TEMPLATE keyward_template")).await;
        Self { url: Cluster::shared().url(&name), directory: None }
    }

    /// A PostgreSQL database without a schema.
    pub async fn postgres_unmigrated() -> Self {
        let name = format!("test_{}", number());
        Cluster::shared().administer(&format!("CREATE DATABASE {name}")).await;
        Self { url: Cluster::shared().url(&name), directory: None }
    }

    /// A store on this database.
    pub async fn open(&self, options: StoreOptions) -> Store {
        must(Store::open(&self.url, options).await, "open the store")
    }

    /// The folder of a SQLite database.
    pub fn directory(&self) -> Option<&std::path::Path> {
        self.directory.as_ref().map(tempfile::TempDir::path)
    }

    async fn into_store(self) -> TestStore {
        TestStore { store: self.open(options()).await, database: self }
    }
}

/// Options of a new node that shares its database with others.
pub fn options() -> StoreOptions {
    let node = NodeId::from_bits((u128::from(std::process::id()) << 64) | u128::from(number()));
    StoreOptions { shared_file: true, ..StoreOptions::new(node) }
}

/// A PostgreSQL cluster of our own.
pub struct Cluster {
    /// Where its socket is.
    pub directory: PathBuf,
    /// The shell that watches us.
    watch: Child,
}

impl Cluster {
    /// The cluster that the tests of this process share.
    pub fn shared() -> &'static Cluster {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        // A power failure is not part of these tests, and a small disk should do for them.
        SHARED.get_or_init(|| {
            Cluster::start("-c fsync=off -c full_page_writes=off -c max_wal_size=96MB -c max_connections=300")
        })
    }

    /// Starts a cluster with these settings of the server.
    pub fn start(settings: &str) -> Cluster {
        Self::run(PRIMARY, settings)
    }

    /// Starts a streaming standby of `primary`.
    pub fn standby_of(primary: &Cluster) -> Cluster {
        Self::run(STANDBY, &primary.directory.display().to_string())
    }

    /// Ends the replication that this standby lives from.
    pub async fn cut_off(&self) {
        self.administer("ALTER SYSTEM SET primary_conninfo = ''").await;
        self.administer("SELECT pg_reload_conf()").await;
        self.wait_until("SELECT COUNT(*) = 0 FROM pg_stat_wal_receiver").await;
    }

    /// Waits until a query about one truth says so.
    pub async fn wait_until(&self, sql: &str) {
        loop {
            let mut conn = self.connect().await;
            let row = must(conn.fetch_one(AssertSqlSafe(sql.to_owned())).await, sql);
            if must(sqlx::Row::try_get(&row, 0), sql) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Makes this standby a primary.
    pub async fn promote(&self) {
        self.administer("SELECT pg_promote()").await;
    }

    async fn administer(&self, sql: &str) {
        let mut conn = self.connect().await;
        must(conn.execute(AssertSqlSafe(sql.to_owned())).await, sql);
        must(conn.close().await, "close the connection");
    }

    async fn connect(&self) -> sqlx::PgConnection {
        let options: sqlx::postgres::PgConnectOptions = must(self.url("postgres").parse(), "parse our own address");
        match options.disable_statement_logging().connect().await {
            Ok(conn) => conn,
            Err(error) => panic!("cannot connect to PostgreSQL: {error}; its log ends with\n{}", self.last_words()),
        }
    }

    /// What the server said last: a disk that is full or a process that was killed ends it for every test at once.
    fn last_words(&self) -> String {
        let log = self.directory.join("log");
        let said = std::fs::read_to_string(&log).unwrap_or_else(|error| format!("{}: {error}", log.display()));
        // Whoever knocks meanwhile is turned away, too, and says nothing about why.
        let turned_away = ["FATAL:  the database system is", "DETAIL:  Consistent recovery state"];
        let lines: Vec<&str> =
            said.lines().filter(|line| !turned_away.iter().any(|words| line.contains(words))).collect();
        lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n")
    }

    /// Runs one of the scripts below until its server is up.
    fn run(script: &str, argument: &str) -> Cluster {
        let mut command = as_ordinary_user();
        let mut watch = must(
            command
                .args(["sh", "-c", script, "sh"])
                .arg(binaries())
                .arg(argument)
                .current_dir("/")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                // An interrupted test run interrupts the tests, not the clean-up.
                .process_group(0)
                .spawn(),
            "start PostgreSQL",
        );
        let mut directory = String::new();
        if let Some(output) = watch.stdout.take() {
            must(BufReader::new(output).read_line(&mut directory), "hear from PostgreSQL");
        }
        let cluster = Cluster { directory: directory.trim().into(), watch };
        assert!(!cluster.directory.as_os_str().is_empty(), "PostgreSQL did not start; its own words are above");
        cluster
    }

    /// The address of a database of this cluster.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}&sslmode=disable", self.directory.display())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}

/// How many lines of the server's log tell why it is away.
const LAST_WORDS: usize = 20;

/// Makes a cluster in a folder of its own, says where, and removes it when nobody listens any more.
macro_rules! script {
    ($make:literal, $settings:literal) => {
        concat!(
            r#"
            bin=$1
            directory=$(mktemp -d /tmp/keyward-test.XXXXXX) || exit 1
            fail() { cat "$directory/log" >&2; rm -rf "$directory"; exit 1; }
            "#,
            $make,
            r#" >"$directory/log" 2>&1 || fail
            "$bin/pg_ctl" -D "$directory/data" -l "$directory/log" -w -t 60 \
                -o "-k $directory -c listen_addresses= "#,
            $settings,
            r#"" start >/dev/null || fail
            echo "$directory"
            read ignored
            "$bin/pg_ctl" -D "$directory/data" -m immediate stop >/dev/null 2>&1
            rm -rf "$directory"
            "#
        )
    };
}

const PRIMARY: &str =
    script!(r#""$bin/initdb" -D "$directory/data" -U postgres -A trust --encoding=UTF8 --locale=C --no-sync"#, "$2");
const STANDBY: &str = script!(
    r#""$bin/pg_basebackup" -D "$directory/data" -U postgres -h "$2" -R --checkpoint=fast --no-sync"#,
    "-c fsync=off"
);

/// PostgreSQL refuses to run as root.
fn as_ordinary_user() -> Command {
    let id = must(Command::new("id").arg("-u").output(), "run `id`");
    if id.stdout.trim_ascii() != b"0" {
        return Command::new("env");
    }
    let known = |user: &str| Command::new("id").arg(user).output().is_ok_and(|output| output.status.success());
    // Debian's package brings a user; otherwise the one that owns nothing will do.
    let user = if known("postgres") { "postgres" } else { "65534" };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]);
    command
}

/// The folder with the server's programs: the newest that Debian installed, or where PATH leads.
fn binaries() -> PathBuf {
    let mut found: Vec<PathBuf> = Vec::new();
    #[expect(clippy::disallowed_methods, reason = "tests look for programs where a shell would")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    for folder in std::env::split_paths(&path) {
        // Debian's links in other folders lead to where the other programs are.
        let program = folder.join("initdb").canonicalize();
        found.extend(program.iter().filter_map(|program| program.parent()).map(Into::into));
    }
    let mut debian: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    debian.sort();
    found.extend(debian.into_iter().rev());
    match found.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file()) {
        Some(folder) => folder,
        None => panic!(
            "the tests on PostgreSQL need its server: install the package `postgresql` (Debian) or put `initdb` and \
             `pg_ctl` in PATH"
        ),
    }
}

fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn must<T, E: std::fmt::Display>(result: Result<T, E>, what: &str) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("cannot {what}: {error}"),
    }
}
