use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::net::Surface;

fn read(text: &str) -> Result<Loaded, Problems> {
    read_with(text, &Flags::default(), &[])
}

fn read_with(text: &str, flags: &Flags, environment: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let environment = Environment::from_pairs(environment.iter().copied());
    resolve(written(Path::new("etc/keyward.toml"), text)?, flags, &environment)
}

fn problems(text: &str) -> Vec<String> {
    read(text).err().map(|Problems(problems)| problems.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

/// The only problem of `text`.
fn problem(text: &str) -> String {
    let problems = problems(text);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.into_iter().next().unwrap()
}

#[test]
fn generated_config_example() {
    docs::assert_fresh("keyward.example.toml", &docs::example());
}

#[test]
fn generated_config_reference() {
    docs::assert_fresh("docs/reference/config.md", &docs::reference());
}

#[test]
fn the_example_is_the_default_configuration() {
    let example = resolve(
        written(Path::new("keyward.toml"), &docs::example()).unwrap(),
        &Flags::default(),
        &Environment::default(),
    );
    let nothing = resolve(Written::default(), &Flags::default(), &Environment::default());
    assert_eq!(example.unwrap().config, nothing.unwrap().config);
}

#[test]
fn every_line_of_the_example_can_be_switched_on() {
    let all = docs::example()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => setting,
            _ => line,
        })
        // The password of a server, and one certificate at a time: these are alternatives.
        .filter(|line| !line.starts_with("password_file") && !line.starts_with("development_self_signed"))
        .fold(String::new(), |all, line| all + line + "\n");
    // Nor is the management API where the routes are.
    let config = read(&all.replace("name = \"native\"", "name = \"proxy\"")).unwrap().config;
    assert_eq!(config.routes.len(), 1);
    assert_eq!(config.listeners[0].certificate, Some(PathBuf::from("etc/certificate.pem")));
    assert_eq!(config.mounts[0].prefix.as_str(), "/keyward");
}

#[test]
fn defaults() {
    let config = read("").unwrap().config;
    assert_eq!(config.data_dir, PathBuf::from("etc/keyward-data"));
    assert_eq!(config.sqlite_file(), Some(PathBuf::from("etc/keyward-data/keyward.db")));
    assert_eq!(config.keyring.file, PathBuf::from("etc/keyward-data/keyring"));
    assert_eq!(config.listeners.len(), 1);
    assert_eq!(config.listeners[0].address.to_string(), "127.0.0.1:8080");
    assert_eq!(config.freshness.bound, Duration::from_secs(5));
    assert_eq!(config.limits.body, Bytes(64 * 1024));
    let surfaces: Vec<_> = config.mounts.iter().map(|mount| mount.surface.to_string()).collect();
    assert_eq!(surfaces, ["native", "console", "oauth", "verify", "gateways"]);
}

#[test]
fn a_flag_is_before_the_environment_and_that_before_the_file() {
    let text = "[log]\nlevel = \"warn\"\nformat = \"json\"";
    let variables = [("KEYWARD_LOG_LEVEL", "debug"), ("KEYWARD_DATABASE_URL", "postgres://kw:pw@db/k")];
    let config = read_with(text, &Flags::default(), &variables).unwrap().config;
    assert_eq!((config.log.level, config.log.format), (LogLevel::Debug, LogFormat::Json));
    assert_eq!(config.database.url.expose(), "postgres://kw:pw@db/k", "a password may stand in the environment");

    let flags = Flags { log_level: Some("trace".into()), database: Some("sqlite:///k.db".into()), ..Flags::default() };
    let config = read_with(text, &flags, &variables).unwrap().config;
    assert_eq!(config.log.level, LogLevel::Trace);
    assert_eq!(config.sqlite_file(), Some(PathBuf::from("/k.db")));
}

#[test]
fn a_path_outside_the_file_starts_from_the_working_directory() {
    let here = std::path::absolute("d").unwrap();
    let flags = Flags { data_dir: Some("d".into()), ..Flags::default() };
    assert_eq!(read_with("", &flags, &[]).unwrap().config.data_dir, here);
    let config =
        read_with("", &Flags::default(), &[("KEYWARD_DATA_DIR", "d"), ("KEYWARD_KEYRING_FILE", "k")]).unwrap().config;
    assert_eq!((&config.data_dir, config.keyring.file), (&here, here.join("k")));
    assert_eq!(read("data_dir = \"d\"").unwrap().config.data_dir, PathBuf::from("etc/d"));
}

#[test]
fn the_address_flag_moves_the_only_listener() {
    let flags = Flags { listen: Some("[::1]:9000".into()), ..Flags::default() };
    let only = "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:1\"";
    for text in ["", only] {
        let config = read_with(text, &flags, &[]).unwrap().config;
        assert_eq!(config.listeners[0].address.to_string(), "[::1]:9000");
    }
    let config = read_with(only, &Flags::default(), &[("KEYWARD_LISTEN", "[::1]:9001")]).unwrap().config;
    assert_eq!(config.listeners[0].address.to_string(), "[::1]:9001");
    let two = format!("{only}\n[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:2\"");
    let error = read_with(&two, &flags, &[]).unwrap_err().to_string();
    assert!(error.starts_with("flag `--listen`: listener.address: there are 2 listeners"), "{error}");
    let flags = Flags { listen: Some("localhost:9000".into()), ..Flags::default() };
    let error = read_with("", &flags, &[]).unwrap_err().to_string();
    assert!(error.starts_with("flag `--listen`: listener.address: `localhost:9000` is not an IP address"), "{error}");
}

#[test]
fn all_problems_come_at_once_each_with_its_line_and_its_remedy() {
    let text = r#"
data_dir = 7
[databse]
url = "x"
[limits]
idel_timeout = "5s"
header_timeout = "5x"
connections = "many"
body = "1GiB"
[freshness]
bound = "500ms"
[[listener]]
address = "localhost:80"
[[surface]]
name = "dashboard"
[metrics]
enabled = "yes"
"#;
    assert_eq!(
        problems(text),
        [
            "etc/keyward.toml:2: data_dir: `7` is not a path; write a path",
            "etc/keyward.toml:3: databse: there is no such section; did you mean `database`?",
            "etc/keyward.toml:6: limits.idel_timeout: there is no such setting; did you mean `idle_timeout`?",
            "etc/keyward.toml:7: limits.header_timeout: `5x` is not a duration: a whole number and a unit, such as `250ms`, `5s`, `30m`, `12h` or `90d`; write a duration: a whole number and a unit, such as `250ms`, `5s`, `30m`, `12h` or `90d`",
            "etc/keyward.toml:8: limits.connections: `many` is not a whole number; write a whole number",
            "etc/keyward.toml:9: limits.body: `1GiB` is not a size: a whole number and a unit, such as `512B`, `64KiB` or `1MiB`; write a size: a whole number and a unit, such as `512B`, `64KiB` or `1MiB`",
            "etc/keyward.toml:11: freshness.bound: it is out of bounds; write a value from 1s to 1h",
            "etc/keyward.toml:12: listener.name: it is missing; write a name of up to 32 characters of `a-z`, `0-9`, `-` and `_`",
            "etc/keyward.toml:13: listener.address: `localhost:80` is not an IP address and a port, such as `127.0.0.1:8080` or `[::]:8443`; write an IP address and a port, such as `127.0.0.1:8080` or `[::]:8443`",
            "etc/keyward.toml:15: surface.name: `dashboard` is not a surface: one of `native`, `oauth`, `console`, `gateways`, `verify`, `proxy` or `dialect:NAME`; write `native`, `oauth`, `console`, `gateways`, `verify`, `proxy` or `dialect:NAME`",
            "etc/keyward.toml:17: metrics.enabled: `yes` is not `true` or `false`; write `true` or `false`",
        ]
    );
}

#[test]
fn what_is_not_toml_is_reported_with_its_line_and_without_its_text() {
    let problems = problems("[log]\nlevel = s3cret\n[database]\nurl = \"x\" \"y\"\n");
    assert!(problems.len() >= 2, "{problems:#?}");
    assert!(problems[0].starts_with("etc/keyward.toml:2: this is not TOML ("), "{problems:#?}");
    assert!(problems.iter().all(|p| !p.contains("s3cret")), "{problems:#?}");
}

#[test]
fn a_section_is_written_once_or_several_times_as_it_is_meant() {
    assert_eq!(
        problem("[listener]\nname = \"a\""),
        "etc/keyward.toml:1: listener: this section is written as one that is there once; write `[[listener]]`"
    );
    assert_eq!(
        problem("[[log]]\nlevel = \"info\""),
        "etc/keyward.toml:1: log: this section is written as one that is there several times; write `[log]`"
    );
}

#[test]
fn problems_of_the_environment_name_the_variable() {
    let error = read_with("", &Flags::default(), &[("KEYWARD_LIMITS_CONNECTIONS", "many")]).unwrap_err().to_string();
    let expected =
        "environment variable `KEYWARD_LIMITS_CONNECTIONS`: limits.connections: `many` is not a whole number";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn an_unknown_variable_is_a_warning() {
    let variables =
        [("KEYWARD_LOG_LEVLE", "debug"), ("KEYWARD_PORT_8080_TCP", "tcp://10.0.0.1"), ("KEYWARD_TOKEN_FILE", "t")];
    let warnings: Vec<_> =
        read_with("", &Flags::default(), &variables).unwrap().warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    assert!(warnings[0].ends_with("did you mean `KEYWARD_LOG_LEVEL`?"), "{warnings:#?}");
}

#[test]
fn settings_must_fit_each_other() {
    let table = [
        ("[freshness]\nbound = \"1s\"\npoll = \"600ms\"", "etc/keyward.toml:3: freshness.poll: it is more than half"),
        ("[sessions]\nidle = \"2h\"\nabsolute = \"1h\"", "etc/keyward.toml:2: sessions.idle: it is longer than"),
        ("[database]\nurl = \"postgres://kw:pw@db/k\"", "etc/keyward.toml:2: database.url: the URL holds a password"),
        ("[database]\npassword_file = \"p\"", "etc/keyward.toml:2: database.password_file: a file of SQLite has no"),
    ];
    for (text, expected) in table {
        let problem = problem(text);
        assert!(problem.starts_with(expected), "{problem}");
        assert!(!problem.contains("pw@"), "{problem}");
    }
}

const TWO: &str =
    "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:1\"\n[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:2\"\n";

#[test]
fn listeners_have_names_addresses_and_certificates_of_their_own() {
    let table = [
        ("[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:3\"", "listener.name: `a` is the name of an earlier"),
        (
            "[[listener]]\nname = \"c\"\naddress = \"127.0.0.1:1\"",
            "listener.address: `127.0.0.1:1` is the address of an",
        ),
        (
            "[[listener]]\nname = \"c\"\naddress = \"[::]:3\"\ntls = { certificate = \"c\" }",
            "listener.tls.key: it is missing",
        ),
        (
            "[[listener]]\nname = \"c\"\naddress = \"[::]:3\"\ntls.key = \"c\"",
            "listener.tls.certificate: it is missing",
        ),
    ];
    for (third, expected) in table {
        let problem = problem(&format!("{TWO}{third}"));
        assert!(problem.starts_with(&format!("etc/keyward.toml:7: {expected}")), "{problem}");
    }
}

#[test]
fn surfaces_stand_on_listeners_and_do_not_overlap() {
    let table = [
        ("[[surface]]\nname = \"verify\"\nlistener = \"c\"", "surface.listener: there is no listener `c`"),
        ("[[surface]]\nname = \"verify\"", "surface.listener: it is missing, and there are several listeners"),
        (
            "[[surface]]\nname = \"proxy\"\nlistener = \"a\"\n[[surface]]\nname = \"console\"\nlistener = \"a\"",
            "surface.host: `proxy` would answer on the origin of `console`",
        ),
        (
            "[[surface]]\nname = \"native\"\nlistener = \"a\"\nhost = \"*\"",
            "surface.host: `native` would answer for every host",
        ),
    ];
    for (surfaces, expected) in table {
        let problem = problem(&format!("{TWO}{surfaces}"));
        assert!(problem.starts_with(&format!("etc/keyward.toml:7: {expected}")), "{problem}");
    }
    let apart = "[[surface]]\nname = \"console\"\nlistener = \"a\"\n[[surface]]\nname = \"dialect:x\"\nlistener = \"b\"\nhost = \"*\"";
    let config = read(&format!("{TWO}{apart}")).unwrap().config;
    assert_eq!(config.mounts[1].surface, Surface::Dialect("x".into()));
}

#[test]
fn what_is_risky_but_allowed_is_a_warning() {
    let text = "[server]\ninsecure_loopback = true\n[[listener]]\nname = \"a\"\naddress = \"0.0.0.0:80\"\n[freshness]\nserve_stale = \"1m\"";
    let keys: Vec<_> = read(text).unwrap().warnings.into_iter().map(|warning| warning.key).collect();
    assert_eq!(keys, ["server.insecure_loopback", "listener.tls", "freshness.serve_stale"]);
    assert!(read("").unwrap().warnings.is_empty());
}

#[test]
fn the_key_ring_can_come_from_the_environment() {
    let config = read_with("", &Flags::default(), &[("KEYWARD_KEYRING", "ring")]).unwrap().config;
    assert_eq!(config.keyring_text.as_ref().map(KeyringText::expose), Some("ring"));
    assert!(!format!("{config:?}").contains("\"ring\""));
}

#[test]
fn the_password_of_the_database_comes_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "p@ss\n").unwrap();
    let text = "[database]\nurl = \"postgres://kw@db/k\"\npassword_file = \"password\"";
    let written = written(&folder.path().join("keyward.toml"), text).unwrap();
    let config = resolve(written, &Flags::default(), &Environment::default()).unwrap().config;
    assert_eq!(config.database_url().unwrap().expose(), "postgres://kw:p%40ss@db/k");
}

#[test]
fn a_file_that_was_named_must_exist() {
    let flags = Flags { config: Some("does/not/exist.toml".into()), ..Flags::default() };
    let error = load(&flags, &Environment::default()).unwrap_err().to_string();
    assert!(error.starts_with("does/not/exist.toml: the file cannot be read"), "{error}");
}

const PROXY: &str = "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:1\"\n[[surface]]\nname = \"proxy\"\n";
const ROUTE: &str = "[[route]]\npath = \"/v1/{app}/*\"\nupstream = \"http://127.0.0.1:9000/base/\"\n";

#[test]
fn a_route_says_what_goes_where() {
    let text = format!("{PROXY}{ROUTE}methods = [\"GET\"]\nnamespace = \"path:app\"\ngroups = [\"events\"]\n");
    let config = read(&text).unwrap().config;
    let [(route, origin)] = &*config.routes else { panic!("one route") };
    assert_eq!(origin.to_string(), "etc/keyward.toml:6");
    assert_eq!((route.path.to_string().as_str(), &*route.methods), ("/v1/{app}/*", &[http::Method::GET][..]));
    let upstream = Upstream { https: false, authority: "127.0.0.1:9000".into(), base: "/base".into() };
    assert_eq!((&route.upstream, route.namespace), (&upstream, Some(NamespaceSource::Path("app"))));
    assert_eq!((route.dialect, &*route.groups), (DialectName("native"), &[Word("events".into())][..]));
    assert_eq!((route.timeout.as_secs(), route.idle_timeout.as_secs(), route.connections), (30, 300, 1000));
}

#[test]
fn what_is_wrong_with_a_route_is_told_with_its_line() {
    let table = [
        ("upstream = \"ftp://x\"", "9: route.upstream: `ftp://x` is not the URL of a server"),
        ("upstream = \"http://u:p@x\"", "9: route.upstream: `http://u:p@x` is not"),
        ("upstream = \"http://x/a?b\"", "9: route.upstream: `http://x/a?b` is not"),
        ("upstream = \"http://x/../b\"", "9: route.upstream: `http://x/../b` is not"),
        ("methods = [\"get\"]", "9: route.methods: `get` is not a method"),
        ("methods = [\"TRACE\"]", "9: route.methods: `TRACE` is never proxied"),
        ("methods = \"GET\"", "9: route.methods: `GET` is not a list"),
        ("permission = \"read\"", "9: route.permission: "),
        ("groups = [7]", "9: route.groups: `7` is not a text in quotes"),
        ("namespace = \"app\"", "9: route.namespace: `app` says no place of a request"),
        ("namespace = \"path:user\"", "6: route.namespace: `/v1/{app}/*` has no `{user}`"),
        ("dialect = \"acme\"", "9: route.dialect: `acme` is not `native`"),
        ("timeout = \"2h\"", "9: route.timeout: it is out of bounds"),
        ("upstream_ca = \"x.pem\"", "6: route.upstream_ca: the upstream has no certificate"),
        ("listener = \"b\"", "6: route.listener: there is no listener `b`"),
        ("host = \"x.example\"", "6: route.path: `/v1/{app}/*` answers nowhere: no `proxy` is mounted there"),
        ("prefix = \"/x\"", "9: route.prefix: there is no such setting"),
    ];
    for (setting, expected) in table {
        let (route, line) = match setting.split_once(" = ") {
            Some(("upstream", _)) => (ROUTE.replace("upstream = ", "#"), setting.to_owned()),
            _ => (ROUTE.to_owned(), setting.to_owned()),
        };
        let problem = problem(&format!("{PROXY}{route}{line}\n"));
        assert!(problem.starts_with(&format!("etc/keyward.toml:{expected}")), "{problem}");
    }
    for path in ["v1", "/a//b", "/a*/b", "/a/../b", "/{A}"] {
        let problem = problem(&format!("{PROXY}{}", ROUTE.replace("/v1/{app}/*", path)));
        assert!(problem.starts_with(&format!("etc/keyward.toml:7: route.path: `{path}`")), "{problem}");
    }
    let nowhere = problem(&format!("{}{ROUTE}", PROXY.replace("proxy", "verify")));
    assert!(nowhere.contains("add a `[[surface]]` with `name = \"proxy\"`"), "{nowhere}");
}

#[test]
fn two_routes_for_the_same_requests_are_a_problem() {
    let second = |more: &str| {
        let again = ROUTE.replace("/v1/{app}/*", "/V1/*/*");
        format!("{PROXY}{ROUTE}methods = [\"GET\", \"PUT\"]\n{again}{more}")
    };
    for meets in ["", "methods = [\"PUT\", \"POST\"]\n", "listener = \"a\"\n"] {
        let problem = problem(&second(meets));
        assert!(problem.starts_with("etc/keyward.toml:10: route.path: `/V1/*/*` is for the same paths"), "{problem}");
        assert!(problem.contains("(etc/keyward.toml:6)"), "{problem}");
    }
    assert!(problems(&second("methods = [\"POST\"]\n")).is_empty());
}
