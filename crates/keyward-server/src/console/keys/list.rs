//! The list of a key page: search, filters, sorting, paging.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderName, HeaderValue, StatusCode};
use keyward_core::kind::{Authority, Kind};
use keyward_core::labels::{ActionStyle, Input, Labels, Link};
use keyward_core::namespace::{Namespace, NamespaceId, NamespaceKind};

use super::rows::{Content, Row, Rows};
use super::wanted::{STATES, Wanted, Whose, sort_name, sorted_by};
use crate::app::App;
use crate::console::gate::Visit;
use crate::console::key_pages::{self, KeyPage};
use crate::console::page::{self, Refused};
use crate::console::ui::state_words;
use crate::ops::error::OpError;
use crate::ops::users::MemberFilter;
use crate::ops::{
    CredentialSort, CredentialState, NamespaceFilter, Order, Page, SortBy, authority, credentials, namespaces, roles,
    users,
};

/// How many rows a page has.
const PAGE: u32 = 50;
/// How many applications, namespaces, roles or people a field offers to choose from.
const CHOICES: u32 = 200;

pub(in crate::console) fn routes() -> Router<Arc<App>> {
    Router::new().route("/o/{organization}/keys/{page}", get(list))
}

/// The whole page.
#[derive(Template)]
#[template(path = "console/keys/list.html")]
struct ListPage<'a> {
    labels: &'a Labels,
    notes: Vec<&'a str>,
    cautions: Vec<&'a str>,
    help: Vec<&'a Link>,
    create: Option<String>,
    import: Option<String>,
    chooser: Option<Chooser>,
    tabs: Option<[Tab; 2]>,
    fields: Fields,
    region: Region<'a>,
}

/// The part of it that changes with the filters.
#[derive(Template)]
#[template(path = "console/keys/region.html")]
struct RegionAlone<'a> {
    region: Region<'a>,
}

/// The table with all that belongs to it.
struct Region<'a> {
    labels: &'a Labels,
    form_token: &'a str,
    /// The address of the list without its query.
    base: String,
    /// What this list is of, as the address says it.
    query: String,
    /// The orders to choose from where there are no headings.
    sorts: Vec<Choice>,
    columns: Vec<Heading>,
    rows: Vec<Row>,
    /// Whether anything can be done with several rows together.
    bulk: bool,
    ticked: bool,
    tick_all: String,
    filtered: bool,
    unfiltered: String,
    start: Option<String>,
    next: Option<String>,
    /// What is said of the result.
    said: String,
    /// What leads on where there is no place to look into.
    placeless: Option<String>,
}

struct Heading {
    text: String,
    /// Sorts by the column: where, and how it is sorted now.
    sort: Option<(String, &'static str)>,
    name: String,
}

/// Which application's keys are listed.
struct Chooser {
    options: Vec<Choice>,
}

/// Something that can be chosen.
struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

struct Tab {
    text: &'static str,
    href: String,
    current: bool,
}

/// The fields of the filters. A field without choices is not there.
struct Fields {
    search: String,
    place: Option<String>,
    owner: Option<String>,
    kinds: Vec<Choice>,
    states: Vec<Choice>,
    roles: Vec<Choice>,
    places: Vec<Choice>,
    owners: Vec<Choice>,
    expires: Vec<Choice>,
    unused: Vec<Choice>,
    /// How many of those that are folded away are set.
    folded: usize,
}

async fn list(
    State(app): State<Arc<App>>,
    visit: Visit,
    Path((_, slug)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let page = key_pages::named(&app, &visit.organization, &slug)?;
    let mut wanted = Wanted::read(query.as_deref(), &page);
    let applications = applications(&app, &visit, &page, &mut wanted).await?;
    let region = region(&app, &visit, &page, &wanted, applications.as_deref()).await?;
    if visit.visitor.part {
        let mut response = page::rendered(StatusCode::OK, &RegionAlone { region });
        let address = format!("{}{}", base(&visit, &page), wanted.query());
        if let Ok(address) = HeaderValue::from_str(&address) {
            response.headers_mut().insert(HeaderName::from_static("hx-push-url"), address);
        }
        return Ok(response);
    }
    let view = whole(&app, &visit, &page, &wanted, applications, region).await?;
    Ok(page::page(&app, &visit, &page.labels().title, &base(&visit, &page), &view))
}

/// The address of a page.
pub(super) fn base(visit: &Visit, page: &KeyPage) -> String {
    visit.href(&format!("/keys/{}", page.slug))
}

/// Whether the page lists the keys of one application at a time: its kinds live in applications, and nothing else says
/// in which one a new one is made.
pub(super) fn is_per_application(page: &KeyPage) -> bool {
    page.kinds.iter().all(|kind| {
        !kind.lives_in.contains(&NamespaceKind::Organization) && !kind.labels.create.asks_for(Input::Namespace)
    })
}

/// The applications to choose from, on a page that lists those of one; the first is chosen where nothing is.
async fn applications(
    app: &App,
    visit: &Visit,
    page: &KeyPage,
    wanted: &mut Wanted,
) -> Result<Option<Vec<Namespace>>, OpError> {
    if !is_per_application(page) {
        return Ok(None);
    }
    let mut found = all_of(app, visit, Some(NamespaceKind::Application)).await?;
    match wanted.place {
        None => wanted.place = found.first().map(|first| first.id),
        Some(place) if found.iter().all(|one| one.id != place) => {
            found.push(namespaces::get(app, visit.ctx(), place).await?);
        }
        Some(_) => {}
    }
    Ok(Some(found))
}

async fn region<'a>(
    app: &App,
    visit: &'a Visit,
    page: &'a KeyPage,
    wanted: &Wanted,
    applications: Option<&[Namespace]>,
) -> Result<Region<'a>, OpError> {
    let labels = page.labels();
    let ctx = visit.ctx();
    let nowhere = applications.is_some_and(<[Namespace]>::is_empty);
    let mut listed = Vec::new();
    if !nowhere {
        // One more than is shown tells whether there are more.
        let part = Page { after: wanted.after.clone(), limit: PAGE + 1 };
        let filter = wanted.filter(page, visit.visitor.user.id, ctx.at());
        listed = credentials::list(app, ctx, filter, wanted.sort, &part).await?;
    }
    let more = listed.len() > PAGE as usize;
    listed.truncate(PAGE as usize);
    let next = listed.last().filter(|_| more).map(|last| wanted.after(last.row.cursor(wanted.sort)).query());
    let names = credentials::names(app, ctx, &listed).await?;
    let made = Rows { app, visit, page, place: wanted.place, names: &names };
    let rows: Vec<Row> = listed.iter().map(|listed| made.row(listed)).collect();
    let base = base(visit, page);
    let address = |query: String| format!("{base}{query}");
    Ok(Region {
        labels,
        form_token: &visit.visitor.form_token,
        query: wanted.query(),
        sorts: sorts(labels, wanted),
        columns: headings(labels, wanted, &base),
        bulk: rows.iter().any(|row| row.tick),
        ticked: wanted.ticked,
        tick_all: address(Wanted { ticked: true, ..wanted.clone() }.query()),
        filtered: wanted.is_filtered(),
        unfiltered: address(wanted.unfiltered().query()),
        start: wanted.after.is_some().then(|| address(wanted.at_start().query())),
        next: next.map(address),
        said: said(rows.len(), more || wanted.after.is_some(), labels),
        placeless: nowhere.then(|| visit.href("/namespaces")),
        rows,
        base,
    })
}

async fn whole<'a>(
    app: &App,
    visit: &Visit,
    page: &'a KeyPage,
    wanted: &Wanted,
    applications: Option<Vec<Namespace>>,
    region: Region<'a>,
) -> Result<ListPage<'a>, OpError> {
    let (ctx, base) = (visit.ctx(), base(visit, page));
    let inside = wanted.place.map_or_else(String::new, |place| format!("?in={place}"));
    let per_application = applications.is_some();
    let place = wanted.place.filter(|_| per_application);
    let nowhere = per_application && wanted.place.is_none();
    let creates = !nowhere && page.kinds.iter().any(|kind| credentials::may_create(app, ctx, kind, place));
    let imports = match wanted.place {
        Some(at) if at.kind() == NamespaceKind::Application && page.kinds.iter().any(|kind| kind.transferable) => {
            authority::may(app, ctx, "credentials:import", at)
        }
        _ => false,
    };
    Ok(ListPage {
        labels: page.labels(),
        notes: distinct(page, |labels| &labels.notes),
        cautions: distinct(page, |labels| &labels.cautions),
        help: distinct_links(page),
        create: creates.then(|| format!("{base}/new{inside}")),
        import: imports.then(|| format!("{base}/import{inside}")),
        chooser: applications.map(|all| chooser(&all, wanted.place)),
        tabs: tabs(app, visit, page, wanted, &base),
        fields: fields(app, visit, page, wanted, per_application).await?,
        region,
    })
}

fn headings(labels: &Labels, wanted: &Wanted, base: &str) -> Vec<Heading> {
    let heading = |column: &keyward_core::labels::Column| Heading {
        text: column.heading.clone(),
        name: word_of(column.shows).to_owned(),
        sort: sorted_by(column.shows).map(|by| {
            let now = match wanted.sort.order {
                _ if wanted.sort.by != by => "none",
                Order::Ascending => "ascending",
                Order::Descending => "descending",
            };
            (format!("{base}{}", wanted.sorted(by).query()), now)
        }),
    };
    labels.columns.iter().map(heading).collect()
}

/// The orders of the columns, each both ways.
fn sorts(labels: &Labels, wanted: &Wanted) -> Vec<Choice> {
    let columns = labels.columns.iter().filter_map(|column| Some((sorted_by(column.shows)?, &column.heading)));
    let mut sorts: Vec<(CredentialSort, String)> = columns
        .flat_map(|(by, heading)| {
            let (up, down) = if by == SortBy::Name { ("A to Z", "Z to A") } else { ("earliest first", "latest first") };
            [(Order::Ascending, up), (Order::Descending, down)]
                .map(|(order, way)| (CredentialSort { by, order }, format!("{heading}, {way}")))
        })
        .collect();
    // The usual order is there even where its column is not.
    if sorts.iter().all(|(sort, _)| *sort != wanted.sort) {
        let text = if wanted.sort == CredentialSort::NEWEST { "Newest first" } else { "As it is" };
        sorts.insert(0, (wanted.sort, text.to_owned()));
    }
    let choice = |(sort, text)| Choice { value: sort_name(sort), text, chosen: sort == wanted.sort };
    sorts.into_iter().map(choice).collect()
}

/// The name of a column in profiles: also its class.
fn word_of(shown: keyward_core::labels::Shown) -> &'static str {
    keyward_core::labels::Shown::WORDS.iter().find(|(_, own)| *own == shown).map_or("", |(word, _)| word)
}

/// `3 API keys`, and whether that is all.
fn said(count: usize, is_part: bool, labels: &Labels) -> String {
    match (count, is_part) {
        (0, _) => format!("No {}", labels.plural),
        (1, false) => format!("1 {}", labels.singular),
        (_, false) => format!("{count} {}", labels.plural),
        (_, true) => format!("{count} {} on this page", labels.plural),
    }
}

fn chooser(all: &[Namespace], chosen: Option<NamespaceId>) -> Chooser {
    let options = all.iter().map(|one| Choice {
        value: one.id.to_string(),
        text: match &one.site_key {
            Some(key) => format!("{} — {key}", one.name),
            None => one.name.to_string(),
        },
        chosen: chosen == Some(one.id),
    });
    Chooser { options: options.collect() }
}

/// Everybody's and one's own, on pages of personal keys, for those who see more than their own.
fn tabs(app: &App, visit: &Visit, page: &KeyPage, wanted: &Wanted, base: &str) -> Option<[Tab; 2]> {
    let is_personal = page.kinds.iter().all(|kind| kind.is_live());
    let sees_all = authority::may(app, visit.ctx(), "credentials:read", visit.organization.id.into());
    (is_personal && sees_all).then(|| {
        let tab = |text, owner: Option<Whose>| Tab {
            text,
            href: format!("{base}{}", Wanted { owner, ..wanted.at_start() }.query()),
            current: wanted.owner == owner,
        };
        [tab("Everybody’s", None), tab("Mine", Some(Whose::Mine))]
    })
}

async fn fields(
    app: &App,
    visit: &Visit,
    page: &KeyPage,
    wanted: &Wanted,
    per_application: bool,
) -> Result<Fields, OpError> {
    let ctx = visit.ctx();
    let of_kinds = |has: fn(&Kind) -> bool| page.kinds.iter().any(|kind| has(kind));
    let several_kinds = page.kinds.len() > 1;
    let kinds = page.kinds.iter().filter(|_| several_kinds).map(|kind| Choice {
        value: kind.id.kind().to_owned(),
        text: kind.labels.choice.clone(),
        chosen: wanted.kind.as_ref() == Some(&kind.id),
    });
    let possible = STATES.iter().filter(|(_, state)| *state != CredentialState::Expired || of_kinds(ends));
    let states = possible.map(|(name, state)| Choice {
        value: (*name).to_owned(),
        text: state_words(*state).0.to_owned(),
        chosen: wanted.state == Some(*state),
    });
    let mut roles = Vec::new();
    if of_kinds(|kind| matches!(kind.authority, Authority::Roles { .. } | Authority::Group)) {
        roles = choices(
            roles::list(app, ctx, None, &Page::first(CHOICES)).await?.into_iter().map(|role| (role.id, role.name)),
            wanted.role,
        );
    }
    let mut places = Vec::new();
    if !per_application && of_kinds(|kind| kind.lives_in.iter().any(|at| *at != NamespaceKind::Organization)) {
        let mut all: Vec<(NamespaceId, String)> =
            all_of(app, visit, None).await?.into_iter().map(|one| (one.id, one.name.to_string())).collect();
        if of_kinds(|kind| kind.lives_in.contains(&NamespaceKind::Organization)) {
            all.insert(0, (visit.organization.id.into(), format!("{} (organization)", visit.organization.name)));
        }
        places = choices(all.into_iter(), wanted.place);
    }
    let chosen = match wanted.owner {
        Some(Whose::User(user)) => Some(user),
        _ => None,
    };
    let owned = wanted.owner != Some(Whose::Mine) && of_kinds(Kind::is_live);
    let mut owners = Vec::new();
    if owned {
        let members = users::list(app, ctx, &MemberFilter::default(), &Page::first(CHOICES)).await?;
        owners = choices(members.into_iter().map(|member| (member.user.id, member.user.name)), chosen);
    }
    Ok(Fields {
        search: wanted.search.clone(),
        place: wanted.place.filter(|_| per_application).map(|place| place.to_string()),
        owner: (wanted.owner == Some(Whose::Mine)).then(|| "me".to_owned()),
        kinds: kinds.collect(),
        states: states.collect(),
        roles,
        places,
        owners,
        expires: days(wanted.expires).filter(|_| of_kinds(ends)).collect(),
        unused: days(wanted.unused).collect(),
        folded: wanted.folded(),
    })
}

fn ends(kind: &Kind) -> bool {
    kind.expiry != keyward_core::kind::Expiry::Never
}

/// The choices of a field. What is chosen is among them, whatever it is.
fn choices<I: ToString + PartialEq>(all: impl Iterator<Item = (I, impl ToString)>, chosen: Option<I>) -> Vec<Choice> {
    let mut options: Vec<Choice> = all
        .map(|(id, name)| Choice {
            chosen: chosen.as_ref() == Some(&id),
            value: id.to_string(),
            text: name.to_string(),
        })
        .collect();
    if let Some(id) = chosen.filter(|_| options.iter().all(|option| !option.chosen)) {
        options.push(Choice { value: id.to_string(), text: id.to_string(), chosen: true });
    }
    options
}

/// Spans of time to choose from, and the one of the address.
fn days(chosen: Option<u32>) -> impl Iterator<Item = Choice> {
    let mut all = vec![7, 30, 90, 180, 365];
    all.extend(chosen);
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(move |days| Choice {
        value: days.to_string(),
        text: format!("{days} days"),
        chosen: chosen == Some(days),
    })
}

async fn all_of(app: &App, visit: &Visit, kind: Option<NamespaceKind>) -> Result<Vec<Namespace>, OpError> {
    let filter = NamespaceFilter { kind, ..NamespaceFilter::default() };
    namespaces::list(app, visit.ctx(), filter, &Page::first(CHOICES)).await
}

/// What the labels of all kinds of the page say, once each.
fn distinct(page: &KeyPage, of: fn(&Labels) -> &Vec<String>) -> Vec<&str> {
    let mut said: Vec<&str> = Vec::new();
    for text in page.kinds.iter().flat_map(|kind| of(&kind.labels)) {
        if !said.contains(&text.as_str()) {
            said.push(text);
        }
    }
    said
}

fn distinct_links(page: &KeyPage) -> Vec<&Link> {
    let mut links: Vec<&Link> = Vec::new();
    for link in page.kinds.iter().flat_map(|kind| &kind.labels.help) {
        if !links.contains(&link) {
            links.push(link);
        }
    }
    links
}
