//! What only one engine can suffer.

mod sqlite {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures_util::FutureExt as _;
    use keyward_core::change::Revision;

    use super::super::crash::child;
    use super::super::support::*;
    use crate::testing::{TestDatabase, TestStore, options};
    use crate::{Faults, Injected, Migrated, Point, Store, StoreError, StoreOptions};

    #[tokio::test]
    async fn a_full_disk_refuses_precisely_and_recovers() {
        let store = TestStore::sqlite().await;
        scratch(&store).await;
        put(&store, "before").await.unwrap();
        let full = Arc::new(AtomicBool::new(true));
        let hook = {
            let full = Arc::clone(&full);
            move |at| {
                let full = at == Point::Connected && full.load(Ordering::Relaxed);
                async move { if full { Injected::Sql("PRAGMA max_page_count = 1") } else { Injected::Nothing } }.boxed()
            }
        };
        let faulty = store.database.open(StoreOptions { faults: Some(Faults(Arc::new(hook))), ..options() }).await;
        let large = "x".repeat(100_000);
        let error = put(&faulty, &large).await.unwrap_err();
        assert!(matches!(error, StoreError::Full), "{error:?}");
        assert_eq!(rows(&store).await, ["before"]);
        full.store(false, Ordering::Relaxed);
        assert_eq!(put(&faulty, &large).await.unwrap(), Revision(2));
        assert!(store.check().await.unwrap().feed_complete);
    }

    #[tokio::test]
    async fn a_second_process_is_refused_by_name() {
        let database = TestDatabase::sqlite().await;
        let exclusive = || StoreOptions { shared_file: false, ..options() };
        let store = database.open(exclusive()).await;
        let said = child(&["open", &database.url]).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let expected = format!("error: another `keyward serve` (pid {}) holds `", std::process::id());
        assert!(said.contains(&expected), "{said}");
        let migrating = Store::migrate(&database.url, &exclusive()).await.unwrap_err();
        assert!(matches!(migrating, StoreError::Held { .. }), "{migrating:?}");

        store.close().await;
        let said = child(&["open", &database.url]).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(said.contains("opened"), "{said}");
    }

    #[tokio::test]
    async fn every_path_to_a_file_leads_to_one_lock() {
        let database = TestDatabase::sqlite().await;
        let exclusive = || StoreOptions { shared_file: false, ..options() };
        let link = database.directory().unwrap().join("link.db");
        std::os::unix::fs::symlink(database.directory().unwrap().join("keyward.db"), &link).unwrap();
        let _store = database.open(exclusive()).await;
        let error = Store::open(&format!("sqlite:{}", link.display()), exclusive()).await.err().unwrap();
        assert!(matches!(error, StoreError::Held { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_read_only_folder_is_refused_precisely() {
        let database = TestDatabase::sqlite().await;
        let folder = database.directory().unwrap();
        // An ordinary user needs to reach this program.
        let program = folder.join("program");
        std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let mode = |path: &std::path::Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(&folder.join("keyward.db"), 0o444);
        mode(&program, 0o555);
        mode(folder, 0o555);

        let original = child(&["open", &database.url]);
        let mut command = std::process::Command::new(&program);
        command.args(original.get_args()).current_dir("/");
        command.envs(original.get_envs().filter_map(|(key, value)| Some((key, value?))));
        // Permissions do not bind root.
        if std::fs::metadata(folder).map(|folder| std::os::unix::fs::MetadataExt::uid(&folder)).unwrap() == 0 {
            command.uid(65_534).gid(65_534);
        }
        let said = command.output().unwrap();
        mode(folder, 0o755);
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(said.contains("error: the database is read-only: give this program write access"), "{said}");
    }

    #[tokio::test]
    async fn a_missing_database_is_refused_and_not_created() {
        let database = TestDatabase::sqlite_unmigrated();
        let error = Store::open(&database.url, options()).await.err().unwrap();
        assert!(matches!(error, StoreError::SchemaOlder { found: 0, .. }), "{error:?}");
        assert!(error.to_string().contains("run `keyward migrate`"), "{error}");
        assert_eq!(std::fs::read_dir(database.directory().unwrap()).unwrap().count(), 0);
        let migrated = Store::migrate(&database.url, &StoreOptions { shared_file: false, ..options() }).await.unwrap();
        assert!(matches!(migrated, Migrated { from: 0, to: 1.. }), "{migrated:?}");
        for file in std::fs::read_dir(database.directory().unwrap()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        }
    }

    #[tokio::test]
    async fn only_a_database_is_a_database() {
        for url in
            ["", "keyward.db", "mysql://localhost/keyward", "sqlite::memory:", "sqlite:", "postgres://u:pw@[bad/x"]
        {
            let error = Store::open(url, options()).await.err().unwrap();
            assert!(matches!(error, StoreError::Address(_)), "{url}: {error:?}");
            assert!(!error.to_string().contains("pw"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_panic_in_the_index_ends_the_process() {
        let store = TestStore::sqlite().await;
        scratch(&store).await;
        let child = child(&["panic in the index", &store.database.url]).output().unwrap();
        assert!(child.status.signal().is_some(), "{child:?}");
        assert!(!String::from_utf8_lossy(&child.stdout).contains("alive"), "{child:?}");
        // Committed all the same: the index of the next start has it.
        assert_eq!(rows(&store).await, ["one"]);
    }
}

#[cfg(feature = "postgres-tests")]
mod postgres {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use keyward_core::change::Revision;
    use keyward_core::id::NodeId;
    use sqlx::SqlSafeStr as _;

    use super::super::support::*;
    use super::super::uses::a_nonce;
    use crate::engine::{Conn, Engine};
    use crate::testing::{Cluster, TestDatabase, TestStore, options};
    use crate::{Faults, Injected, Point, Store, StoreError, StoreOptions, UseRecorded, Writer};

    async fn connect(url: &str) -> Conn {
        Engine::parse(url, Duration::from_secs(30)).unwrap().connect().await.unwrap().conn
    }

    #[tokio::test]
    async fn an_empty_database_is_refused() {
        let database = TestDatabase::postgres_unmigrated().await;
        let error = Store::open(&database.url, options()).await.err().unwrap();
        assert!(matches!(error, StoreError::SchemaOlder { found: 0, .. }), "{error:?}");
    }

    #[tokio::test]
    async fn killed_connections_give_true_answers() {
        const KILL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let store = TestStore::postgres().await;
        scratch(&store).await;
        let mut admin = connect(&store.database.url).await;
        let writer = store.another().await;
        let answered = Arc::new(tokio::sync::Semaphore::new(0));
        let mut tasks = Vec::new();
        for task in 0..8 {
            let (writer, answered) = (writer.clone(), Arc::clone(&answered));
            tasks.push(tokio::spawn(async move {
                let mut done = Vec::new();
                for n in 0..40 {
                    let name = format!("{task}-{n}");
                    match put(&writer, &name).await {
                        Ok(_) => done.push(name),
                        Err(StoreError::Unavailable(_)) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                    answered.add_permits(1);
                }
                done
            }));
        }
        // While the writers go on, somewhere between an answer and the next.
        let mut kills = 0;
        for _ in 0..8 * 40 / 5 {
            answered.acquire_many(5).await.unwrap().forget();
            kills += admin.fetch_all(KILL.into_sql_str(), Vec::new()).await.unwrap().len();
        }
        let mut done = Vec::new();
        for task in tasks {
            done.extend(task.await.unwrap());
        }
        done.sort();
        assert!(kills > 20, "{kills}");
        assert_eq!(rows(&store).await, done);
        assert!(store.check().await.unwrap().feed_complete);
    }

    #[tokio::test]
    async fn side_writes_do_not_wait_for_other_nodes() {
        let store = TestStore::postgres().await;
        scratch(&store).await;
        let occupied = Occupied::new(&store).await;
        aside(&store, "INSERT INTO scratch (name, value) VALUES ('aside', 0)").await;
        assert_eq!(rows(&store).await, ["aside"]);
        occupied.release().await;
    }

    /// Each holds a nonce that the other wants, unless both take them in one order.
    #[tokio::test]
    async fn nodes_never_wait_for_each_other_in_a_circle() {
        let store = TestStore::postgres().await;
        let met = Arc::new(tokio::sync::Barrier::new(2));
        let (mut occupied, mut tasks, mut connections) = (Vec::new(), Vec::new(), Vec::new());
        for order in [[1, 2], [2, 1]] {
            let connected = Arc::new(AtomicU32::new(0));
            connections.push(Arc::clone(&connected));
            let hook = move |at| {
                connected.fetch_add(u32::from(at == Point::Connected), Ordering::Relaxed);
                async { Injected::Nothing }.boxed()
            };
            let node = store.database.open(StoreOptions { faults: Some(Faults(Arc::new(hook))), ..options() }).await;
            occupied.push(Occupied::aside(&node).await);
            let a_use = |n| {
                let node = node.clone();
                async move { node.record_use(ORGANIZATION, None, Some(a_nonce(1, n))).await.unwrap() }
            };
            let met = Arc::clone(&met);
            let meet = {
                let node = node.clone();
                async move {
                    let job = async move |_: &mut Writer| Ok::<_, StoreError>(met.wait().await.is_leader());
                    node.side_write(job).await.unwrap();
                    UseRecorded::Replayed
                }
            };
            let [first, second] = order;
            tasks.extend(queued(vec![a_use(first)]));
            tasks.extend(queued(vec![meet]));
            tasks.extend(queued(vec![a_use(second)]));
        }
        for occupied in occupied {
            occupied.release().await;
        }
        let mut counted = 0;
        for task in tasks {
            counted += u32::from(task.await.unwrap() == UseRecorded::First);
        }
        assert_eq!(counted, 2);
        let connections = connections.iter().map(|connected| connected.load(Ordering::Relaxed));
        assert_eq!(connections.collect::<Vec<_>>(), [1, 1], "who is made to give up must connect again");
    }

    #[tokio::test]
    async fn a_writer_that_waits_too_long_says_busy() {
        let store = TestStore::postgres().await;
        scratch(&store).await;
        let mut other = connect(&store.database.url).await;
        other.execute("BEGIN".into_sql_str(), Vec::new()).await.unwrap();
        other.execute("UPDATE revision SET current = current".into_sql_str(), Vec::new()).await.unwrap();
        let impatient = StoreOptions { job_timeout: Duration::from_millis(100), ..options() };
        let impatient = store.database.open(impatient).await;
        let error = put(&impatient, "one").await.unwrap_err();
        assert!(matches!(error, StoreError::Busy(_)), "{error:?}");
        other.execute("ROLLBACK".into_sql_str(), Vec::new()).await.unwrap();
        put(&impatient, "one").await.unwrap();
    }

    /// A paused node: it holds the revision's lock and sends nothing.
    #[tokio::test]
    async fn a_paused_node_does_not_stop_the_others() {
        let store = TestStore::postgres().await;
        scratch(&store).await;
        let engine = Engine::parse(&store.database.url, Duration::from_millis(10)).unwrap();
        let mut paused = engine.connect().await.unwrap().conn;
        paused.execute(engine.begin().into_sql_str(), Vec::new()).await.unwrap();
        paused.fetch_all(engine.lock_revision().into_sql_str(), Vec::new()).await.unwrap();
        put(&store, "one").await.unwrap();
    }

    /// A primary with a standby, and an address that can be turned from one to the other.
    struct Pair {
        _primary: Cluster,
        standby: Cluster,
        folder: tempfile::TempDir,
    }

    impl Pair {
        async fn start() -> Arc<Self> {
            let primary = Cluster::start("-c fsync=off");
            let standby = Cluster::standby_of(&primary);
            let folder = tempfile::tempdir().unwrap();
            std::os::unix::fs::symlink(&primary.directory, folder.path().join("primary")).unwrap();
            let pair = Arc::new(Self { _primary: primary, standby, folder });
            Store::migrate(&pair.url(), &options()).await.unwrap();
            pair
        }

        fn url(&self) -> String {
            let host = self.folder.path().join("primary");
            format!("postgres://postgres@localhost/postgres?host={}&sslmode=disable", host.display())
        }

        async fn fail_over(&self) {
            self.standby.promote().await;
            let address = self.folder.path().join("primary");
            std::fs::remove_file(&address).unwrap();
            std::os::unix::fs::symlink(&self.standby.directory, &address).unwrap();
        }

        /// A store whose next commit, once `due`, is answered by nobody because the standby took over: it heard of the
        /// commit, or it did not.
        async fn store(self: &Arc<Self>, due: &Arc<AtomicBool>, heard: bool) -> Store {
            let (pair, due) = (Arc::clone(self), Arc::clone(due));
            let hook = move |at| {
                let (pair, due) = (Arc::clone(&pair), Arc::clone(&due));
                async move {
                    if due.load(Ordering::Relaxed) && at == Point::BeforeCommit && !heard {
                        pair.standby.cut_off().await;
                    }
                    if at != Point::AfterCommit || !due.swap(false, Ordering::Relaxed) {
                        return Injected::Nothing;
                    }
                    if heard {
                        pair.standby.wait_until("SELECT current = 2 FROM revision").await;
                    }
                    pair.fail_over().await;
                    Injected::Lost
                }
                .boxed()
            };
            let options = StoreOptions { faults: Some(Faults(Arc::new(hook))), ..options() };
            Store::open(&self.url(), options).await.unwrap()
        }
    }

    #[tokio::test]
    async fn a_commit_that_a_failover_lost_is_unknown() {
        let pair = Pair::start().await;
        let due = Arc::new(AtomicBool::new(false));
        let store = pair.store(&due, false).await;
        scratch(&store).await;
        put(&store, "kept").await.unwrap();
        let start = store.read().await.unwrap().start().await.unwrap();
        store.follow(start, Arc::new(|_| ())).await.unwrap();
        due.store(true, Ordering::Relaxed);
        let error = put(&store, "lost").await.unwrap_err();
        assert!(matches!(error, StoreError::Unknown), "{error:?}");

        // The index may hold what no longer happened: nothing goes on until it is loaded again.
        let error = put(&store, "too early").await.unwrap_err();
        assert!(matches!(error, StoreError::Rewound), "{error:?}");
        let error = store.poll(NodeId::from_bits(1)).await.unwrap_err();
        assert!(matches!(error, StoreError::Rewound), "{error:?}");
        let again = Store::open(&pair.url(), options()).await.unwrap();
        let start = again.read().await.unwrap().start().await.unwrap();
        store.follow(start, Arc::new(|_| ())).await.unwrap();
        put(&store, "after").await.unwrap();
        assert_eq!(rows(&again).await, ["after", "kept"]);
    }

    #[tokio::test]
    async fn a_commit_that_survives_a_failover_is_found() {
        let pair = Pair::start().await;
        let due = Arc::new(AtomicBool::new(false));
        let store = pair.store(&due, true).await;
        scratch(&store).await;
        put(&store, "first").await.unwrap();
        due.store(true, Ordering::Relaxed);
        assert_eq!(put(&store, "second").await.unwrap(), Revision(2));
        let again = Store::open(&pair.url(), options()).await.unwrap();
        assert_eq!(rows(&again).await, ["first", "second"]);
    }
}
