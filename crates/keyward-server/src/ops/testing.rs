//! A node without listeners, for tests of operations: on SQLite, in a folder of its own, at a time that tests choose.

use std::sync::Arc;
use std::time::Duration;

use keyward_core::id::{OrganizationId, RequestId, UserId};
use keyward_core::name::Name;
use keyward_core::secret::Secret;
use keyward_core::time::Timestamp;
use keyward_verify::Now;
use tempfile::TempDir;

use crate::app::App;
use crate::config::{Environment, Flags, load};
use crate::ops::context::{Caller, Ctx};
use crate::ops::sessions::SignIn;
use crate::ops::users::{Accept, Invite};
use crate::ops::{sessions, setup, users};

/// What everybody's password is.
pub(crate) const PASSWORD: &str = "mosquito-teapot-gravel";
/// When tests begin.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A node and where it keeps its files.
pub(crate) struct TestApp {
    pub(crate) app: Arc<App>,
    folder: TempDir,
}

/// The first operator, super admin of the first organization.
pub(crate) struct Admin {
    pub(crate) user: UserId,
    pub(crate) organization: OrganizationId,
    pub(crate) caller: Caller,
}

impl std::ops::Deref for TestApp {
    type Target = App;
    fn deref(&self) -> &App {
        &self.app
    }
}

impl TestApp {
    /// A node without anybody in it.
    pub(crate) async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    /// A node that was set up.
    pub(crate) async fn set_up() -> (Self, Admin) {
        let app = Self::start().await;
        let done = setup::init(&app, &at(START, Caller::System), first("admin@example.com")).await.unwrap().value;
        let caller = app.sign_in("admin@example.com").await;
        let admin = Admin { user: done.user, organization: done.organization.unwrap(), caller };
        (app, admin)
    }

    /// The node after a restart.
    pub(crate) async fn restart(self) -> Self {
        self.app.store.close().await;
        Self::start_in(self.folder).await
    }

    /// A user as the caller of what follows.
    pub(crate) async fn sign_in(&self, email: &str) -> Caller {
        let input = SignIn { email: email.to_owned(), password: secret(PASSWORD), code: None };
        let opened = sessions::create_at_once(&self.app, &at(START, Caller::Anonymous), input).await;
        let token = opened.unwrap().value.token;
        Caller::Session(sessions::authenticate(&self.app, token.expose(), START).await.unwrap())
    }

    /// Another member of the admin's organization, signed in.
    pub(crate) async fn member(&self, admin: &Admin, email: &str, super_admin: bool) -> (UserId, Caller) {
        let invite = Invite { email: email.to_owned(), super_admin, roles: Vec::new() };
        let invited = users::invite(self, &at(START, admin.caller.clone()), invite).await.unwrap().value;
        let accepted = users::accept(self, &at(START, Caller::Anonymous), accept(invited.token)).await.unwrap();
        (accepted.value.user, self.sign_in(email).await)
    }

    async fn start_in(folder: TempDir) -> Self {
        let data = folder.path().join("data").display().to_string();
        let environment = Environment::from_pairs([("KEYWARD_DATA_DIR", data.as_str())]);
        let file = folder.path().join("keyward.toml");
        std::fs::write(&file, "").unwrap();
        let flags = Flags { config: Some(file), ..Flags::default() };
        let config = load(&flags, &environment).unwrap().config;
        Self { app: App::open(config).await.unwrap(), folder }
    }
}

/// A request at some time, from the machine itself.
pub(crate) fn at(time: Timestamp, caller: Caller) -> Ctx {
    Ctx {
        caller,
        organization: None,
        now: Now { wall: time, boot: Duration::ZERO, coarse: time },
        request: RequestId::from_bits(1),
        source: None,
        user_agent: None,
        secure: true,
        idempotency_key: None,
        if_match: None,
    }
}

/// The same request from an address.
pub(crate) fn from(address: &str, ctx: Ctx) -> Ctx {
    Ctx { source: Some(address.parse().unwrap()), ..ctx }
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::from_string(text.to_owned())
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// The first operator, of an organization on the profile `keyward`.
pub(crate) fn first(email: &str) -> setup::First {
    setup::First {
        email: email.to_owned(),
        name: name("Ada"),
        password: secret(PASSWORD),
        organization: Some(name("Acme")),
        profiles: Vec::new(),
    }
}

/// What a new user answers to an invitation.
pub(crate) fn accept(token: Secret) -> Accept {
    Accept { token, name: Some(name("Grace")), password: secret(PASSWORD), code: None }
}
