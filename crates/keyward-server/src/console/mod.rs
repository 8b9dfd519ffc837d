//! The console: pages for people. Rendered here, complete without JavaScript, nicer with it.
//!
//! # The way of a page
//! A request for a page of a signed-in person passes the [`gate`]: it finds the session of the cookie, and takes a form
//! only from one of our own pages. Then a handler does what every surface does: parse → operation → view. What an
//! operation refuses becomes a page of its own ([`page::Refused`]).
//!
//! # The way of a dialog
//! A dialog is a page with an address, such as `…/new`: opened without JavaScript it stands alone. With it, the same
//! address gives the dialog alone, which is laid over the page that is open. What it posts is answered alike: with the
//! dialog and what is wrong beside each field, or by leading on.
//!
//! # Where things are
//! `gate` (who asks), `addresses` (what must not stand in them), `page` (how answers are made), `compress` (when they are
//! sent in fewer bytes), `nav` (what is beside every page), `ui` (pieces of pages), `assets` (style, script, icons); then
//! one module for each noun, named as everywhere else. Words of a kind's pages come from its profile's labels, never from
//! here.

mod addresses;
mod assets;
mod audit;
mod chart;
mod compress;
mod credential;
mod deployment;
mod explain;
mod first_run;
mod gate;
mod grants;
mod home;
mod invitation;
mod key_pages;
mod keys;
mod me;
mod members;
mod namespaces;
mod nav;
mod page;
mod people;
mod roles;
mod settings;
mod sign_in;
mod ui;
mod usage;
mod why;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::app::App;

/// Everything that is served where the console is mounted: always at the root of its host.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let signed_in = Router::new()
        .merge(home::routes())
        .merge(keys::routes())
        .merge(credential::routes())
        .merge(namespaces::routes())
        .merge(members::routes())
        .merge(grants::routes())
        .merge(roles::routes())
        .merge(usage::routes())
        .merge(audit::routes())
        .merge(explain::routes())
        .merge(settings::routes())
        .merge(me::routes())
        .merge(deployment::routes())
        .merge(sign_in::own_routes())
        .layer(from_fn_with_state(Arc::clone(app), gate::signed_in));
    let open = Router::new()
        .merge(sign_in::routes())
        .merge(invitation::routes())
        .merge(first_run::routes())
        .layer(from_fn_with_state(Arc::clone(app), gate::open));
    signed_in
        .merge(open)
        .fallback(page::nothing_here)
        .layer(from_fn_with_state(Arc::clone(app), addresses::without_secrets))
        .layer(axum::middleware::from_fn(page::finish))
        .layer(axum::middleware::from_fn(compress::pages))
        .merge(assets::routes())
        .with_state(Arc::clone(app))
}
