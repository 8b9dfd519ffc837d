//! What is done to a member: super admin or not, suspended or not, removed. Each is asked before it is done.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keyward_api::operations::{self, Operation};
use keyward_core::id::UserId;
use keyward_core::time::Timestamp;

use crate::app::App;
use crate::console::gate::{Fields, Id, Visit};
use crate::console::page::{self, Notice, Refused};
use crate::console::people::counted;
use crate::console::ui::Wrong;
use crate::ops::authority;
use crate::ops::error::OpError;
use crate::ops::receipts::Done;
use crate::ops::users::{self, Ending, Member};

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    MakeSuperAdmin,
    UnmakeSuperAdmin,
    Suspend,
    Enable,
    Remove,
}

#[derive(Template)]
#[template(path = "console/members/change.html")]
struct Change<'a> {
    form_token: &'a str,
    title: &'a str,
    action: &'a str,
    back: &'a str,
    text: &'a str,
    consequences: Vec<String>,
    confirm: Option<&'a str>,
    typed: &'a str,
    button: &'static str,
    danger: bool,
    changed: String,
    /// What the two acts on one address ask for.
    super_admin: &'static str,
    wrong: Wrong,
}

pub(super) async fn confirm_super_admin(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<UserId>,
) -> Result<Response, Refused> {
    let member = users::get(&app, visit.ctx(), id).await?;
    let act = super_admin_act(&member);
    ask(StatusCode::OK, &app, &visit, &member, act, "", Wrong::default()).await
}

pub(super) async fn super_admin(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<UserId>,
    fields: Fields,
) -> Result<Response, Refused> {
    let member = users::get(&app, visit.ctx(), id).await?;
    // What the button said is what is done, whatever has happened meanwhile.
    let wanted = fields.text("super_admin") == "yes";
    let act = if wanted { Act::MakeSuperAdmin } else { Act::UnmakeSuperAdmin };
    let mut ctx = visit.ctx().clone();
    ctx.if_match = fields.text("changed").parse().ok().map(Timestamp::from_micros);
    let done = users::edit(&app, &ctx, id, Some(wanted)).await;
    finish(&app, &visit, &member, act, "", done.map(done_text(act, &member))).await
}

pub(super) async fn confirm_suspend(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<UserId>,
) -> Result<Response, Refused> {
    let member = users::get(&app, visit.ctx(), id).await?;
    ask(StatusCode::OK, &app, &visit, &member, Act::Suspend, "", Wrong::default()).await
}

pub(super) async fn suspend(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<UserId>,
) -> Result<Response, Refused> {
    let member = users::get(&app, visit.ctx(), id).await?;
    let done = users::suspend(&app, visit.ctx(), id).await;
    finish(&app, &visit, &member, Act::Suspend, "", done.map(done_text(Act::Suspend, &member))).await
}

pub(super) async fn confirm_enable(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<UserId>,
) -> Result<Response, Refused> {
    let member = users::get(&app, visit.ctx(), id).await?;
    ask(StatusCode::OK, &app, &visit, &member, Act::Enable, "", Wrong::default()).await
}

pub(super) async fn enable(State(app): State<Arc<App>>, visit: Visit, Id(id): Id<UserId>) -> Result<Response, Refused> {
    let member = users::get(&app, visit.ctx(), id).await?;
    let done = users::enable(&app, visit.ctx(), id).await;
    finish(&app, &visit, &member, Act::Enable, "", done.map(done_text(Act::Enable, &member))).await
}

pub(super) async fn confirm_remove(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<UserId>,
) -> Result<Response, Refused> {
    let member = users::get(&app, visit.ctx(), id).await?;
    ask(StatusCode::OK, &app, &visit, &member, Act::Remove, "", Wrong::default()).await
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    visit: Visit,
    Id(id): Id<UserId>,
    fields: Fields,
) -> Result<Response, Refused> {
    let member = users::get(&app, visit.ctx(), id).await?;
    let typed = fields.text("confirm").trim();
    if !typed.eq_ignore_ascii_case(&member.user.email) {
        let mut wrong = Wrong::default();
        wrong.add("confirm", "this is not their address: type it as it is written above");
        return ask(StatusCode::UNPROCESSABLE_ENTITY, &app, &visit, &member, Act::Remove, typed, wrong).await;
    }
    let name = member.user.name.clone();
    let done = users::remove(&app, visit.ctx(), id).await.map(|done| {
        let text = match done.value.len() as u64 {
            0 => format!("{name} was removed."),
            n => format!("{name} was removed and {} of theirs revoked.", counted(n, "live credential")),
        };
        done.map(|_| text)
    });
    finish(&app, &visit, &member, Act::Remove, typed, done).await
}

const fn super_admin_act(member: &Member) -> Act {
    if member.membership.super_admin { Act::UnmakeSuperAdmin } else { Act::MakeSuperAdmin }
}

/// What is said when it was done.
fn done_text(act: Act, member: &Member) -> impl FnOnce(Done<Member>) -> Done<String> + use<> {
    let name = member.user.name.clone();
    move |done| {
        let text = match act {
            Act::MakeSuperAdmin => format!("{name} is super admin now."),
            Act::UnmakeSuperAdmin => format!("{name} is no longer super admin."),
            Act::Suspend => format!("{name} is suspended: their live credentials and sessions stop here."),
            Act::Enable => format!("{name} can act again."),
            Act::Remove => format!("{name} was removed."),
        };
        done.map(|_| text)
    }
}

/// Leads on, or asks again with what was refused.
async fn finish(
    app: &App,
    visit: &Visit,
    member: &Member,
    act: Act,
    typed: &str,
    done: Result<Done<String>, OpError>,
) -> Result<Response, Refused> {
    match done {
        Ok(done) => {
            let gone = act == Act::Remove || member.user.id == visit.visitor.user.id;
            let sees = authority::may(app, visit.ctx(), "users:read", visit.organization.id.into());
            let to = match (gone, sees) {
                (false, _) => visit.href(&format!("/members/{}", member.user.id)),
                (true, true) => visit.href("/members"),
                (true, false) => "/".to_owned(),
            };
            Ok(page::lead(&visit.visitor, &to, Some(Notice::proven(done.value, &done.receipt))))
        }
        Err(error) => match page::again(&error) {
            Some(status) => ask(status, app, visit, member, act, typed, Wrong::of(&error, &["confirm"])).await,
            None => Err(error.into()),
        },
    }
}

async fn ask(
    status: StatusCode,
    app: &App,
    visit: &Visit,
    member: &Member,
    act: Act,
    typed: &str,
    wrong: Wrong,
) -> Result<Response, Refused> {
    let ending = users::ending(app, visit.ctx(), member.user.id).await?;
    authority::door(app, visit.ctx(), act.operation(), visit.organization.id.into())?;
    let (name, email) = (&member.user.name, &member.user.email);
    let back = visit.href(&format!("/members/{}", member.user.id));
    let title = act.title(name.as_str());
    let dialog = Change {
        form_token: &visit.visitor.form_token,
        title: &title,
        action: &format!("{back}/{}", act.path()),
        back: &back,
        text: act.text(),
        consequences: act.consequences(&ending),
        confirm: (act == Act::Remove).then_some(email),
        typed,
        button: act.button(),
        danger: act == Act::Remove,
        changed: member.membership.updated_at.micros().to_string(),
        super_admin: if act == Act::MakeSuperAdmin { "yes" } else { "no" },
        wrong,
    };
    Ok(page::dialog(status, app, visit, &title, &visit.href("/members"), &dialog))
}

impl Act {
    const fn operation(self) -> &'static Operation {
        match self {
            Act::MakeSuperAdmin | Act::UnmakeSuperAdmin => &operations::USERS_EDIT,
            Act::Suspend => &operations::USERS_SUSPEND,
            Act::Enable => &operations::USERS_ENABLE,
            Act::Remove => &operations::USERS_REMOVE,
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Act::MakeSuperAdmin | Act::UnmakeSuperAdmin => "super-admin",
            Act::Suspend => "suspend",
            Act::Enable => "enable",
            Act::Remove => "remove",
        }
    }

    fn title(self, name: &str) -> String {
        match self {
            Act::MakeSuperAdmin => format!("Make {name} super admin"),
            Act::UnmakeSuperAdmin => format!("Take super admin away from {name}"),
            Act::Suspend => format!("Suspend {name}"),
            Act::Enable => format!("Enable {name}"),
            Act::Remove => format!("Remove {name}"),
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Act::MakeSuperAdmin => {
                "A super admin may do everything at every namespace of this organization, and make others super admin."
            }
            Act::UnmakeSuperAdmin => "They keep the roles that they hold by themselves and through user groups.",
            Act::Suspend => "Nothing of theirs is lost: everything works again once they are enabled.",
            Act::Enable => "They may act here again, with the roles that they held before.",
            Act::Remove => "They lose every role here. Their account and what they do elsewhere stay as they are.",
        }
    }

    /// What follows at once.
    fn consequences(self, ending: &Ending) -> Vec<String> {
        let live = ending.live_credentials;
        let credentials = counted(live, "live credential");
        match self {
            Act::Suspend if live > 0 => vec![
                format!("{credentials} of theirs stop{} working at once.", if live == 1 { "s" } else { "" }),
                "Their sessions see nothing of this organization.".to_owned(),
            ],
            Act::Suspend => vec!["Their sessions see nothing of this organization.".to_owned()],
            Act::Enable if live > 0 => {
                vec![format!("{credentials} of theirs work{} again.", if live == 1 { "s" } else { "" })]
            }
            Act::Remove => {
                let mut ends = Vec::new();
                if live > 0 {
                    let is = if live == 1 { "is" } else { "are" };
                    ends.push(format!("{credentials} of theirs {is} revoked, for good."));
                }
                if !ending.groups.is_empty() {
                    ends.push(format!("They leave {}.", counted(ending.groups.len() as u64, "user group")));
                }
                ends.push("Credentials that are not bound to a person stay in force.".to_owned());
                ends
            }
            Act::UnmakeSuperAdmin if live > 0 => {
                vec![format!("{credentials} of theirs can do no more than they can then.")]
            }
            Act::MakeSuperAdmin | Act::UnmakeSuperAdmin | Act::Enable => Vec::new(),
        }
    }

    const fn button(self) -> &'static str {
        match self {
            Act::MakeSuperAdmin => "Make super admin",
            Act::UnmakeSuperAdmin => "Take it away",
            Act::Suspend => "Suspend",
            Act::Enable => "Enable",
            Act::Remove => "Remove",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consequences_are_counted() {
        let ending = |live_credentials| Ending { live_credentials, groups: Vec::new() };
        assert_eq!(Act::Suspend.consequences(&ending(1))[0], "1 live credential of theirs stops working at once.");
        assert_eq!(Act::Remove.consequences(&ending(2))[0], "2 live credentials of theirs are revoked, for good.");
        assert_eq!(Act::Remove.consequences(&ending(0)).len(), 1);
        assert!(Act::Enable.consequences(&ending(0)).is_empty());
    }
}
