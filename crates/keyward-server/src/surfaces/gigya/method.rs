//! Which method a path names.

use keyward_core::permission::Permission;

use crate::app::App;
use crate::surfaces::gigya::Settings;

/// A method of the vendor's API, such as `accounts.webhooks.get`.
pub(super) struct Method {
    /// All before the last dot.
    namespace: String,
    /// The rest.
    name: String,
}

impl Method {
    /// The method of a path (`/accounts.search`), spelled as the profile spells it where it has it in any case: rights and
    /// denials are about one spelling, and servers behind the proxy are not particular. `None` for every other path.
    pub(super) fn of_path(app: &App, settings: &Settings, path: &str) -> Option<Self> {
        let (namespace, name) = path.strip_prefix('/')?.rsplit_once('.')?;
        let asked = format!("{namespace}:{name}");
        if !Permission::is_valid(&asked) {
            return None;
        }
        let index = app.index.snapshot();
        let declared = index.profile(&settings.profile).map_or(&[][..], |profile| &profile.permissions);
        let same = |equal: fn(&str, &str) -> bool| declared.iter().find(|one| equal(one.as_str(), &asked));
        let spelled = same(|one, asked| one == asked).or_else(|| same(str::eq_ignore_ascii_case));
        Some(match spelled {
            Some(permission) => {
                Self { namespace: permission.resource().to_owned(), name: permission.action().to_owned() }
            }
            None => Self { namespace: namespace.to_owned(), name: name.to_owned() },
        })
    }

    /// What it takes to call it.
    pub(super) fn permission(&self) -> String {
        format!("{}:{}", self.namespace, self.name)
    }

    /// Its path.
    pub(super) fn path(&self) -> String {
        format!("/{}.{}", self.namespace, self.name)
    }

    /// All before the last dot.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What is behind the last dot.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it may change something: all do that are not called `get…`.
    pub(super) fn changes(&self) -> bool {
        !self.name.starts_with("get")
    }
}
