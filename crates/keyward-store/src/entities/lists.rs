//! What the lists of all records have in common: pages, what may be seen, and texts that are searched for.

use keyward_core::id::OrganizationId;
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;

use crate::tx::Query;
use crate::value::ToArg;

/// Which part of a list. Pages follow one another by position, not by number, so that rows that come or go meanwhile
/// neither hide others nor show them twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<C> {
    /// The position of the last row of the page before: what the list is sorted by, then the id.
    pub after: Option<C>,
    /// The most rows.
    pub limit: u32,
}

impl<C> Page<C> {
    /// The first rows of a list.
    pub const fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }
}

/// The namespaces of which somebody may see something. Lists take several and show what lies in all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible {
    /// Every one of the organization.
    All,
    /// These.
    Some {
        /// One by one.
        ids: Vec<NamespaceId>,
        /// And everything directly below this application.
        children_of: Option<NamespaceId>,
    },
}

impl Visible {
    /// Whether it is no namespace at all.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Visible::Some { ids, children_of: None } if ids.is_empty())
    }

    /// Appends the condition that the namespace in `column` is one of them; it stands in parentheses.
    pub(super) fn condition(&self, query: Query, column: &'static str, organization: OrganizationId) -> Query {
        let Visible::Some { ids, children_of } = self else { return query.sql("(1 = 1)") };
        let query = one_of(query.sql("(").sql(column), ids);
        match children_of {
            None => query.sql(")"),
            Some(parent) => query
                .sql(" OR ")
                .sql(column)
                .sql(" IN (SELECT id FROM namespaces WHERE organization = ")
                .arg(organization)
                .sql(" AND parent = ")
                .arg(parent)
                .sql("))"),
        }
    }
}

/// Appends ` AND …` for each of `visible`.
pub(super) fn all_visible(
    mut query: Query,
    visible: &[Visible],
    column: &'static str,
    organization: OrganizationId,
) -> Query {
    for visible in visible.iter().filter(|v| **v != Visible::All) {
        query = visible.condition(query.sql(" AND "), column, organization);
    }
    query
}

/// Appends ` IN (…)`. The list is filled up to a power of two with its last value: few different statements to keep
/// prepared.
pub(crate) fn one_of<T: ToArg>(query: Query, values: &[T]) -> Query {
    let Some(last) = values.last() else { return query.sql(" IN (NULL)") };
    let fill = values.len().next_power_of_two() - values.len();
    let filled = values.iter().chain(std::iter::repeat_n(last, fill));
    let query = filled
        .enumerate()
        .fold(query.sql(" IN ("), |query, (index, value)| query.sql(if index == 0 { "" } else { ", " }).arg(value));
    query.sql(")")
}

/// Appends the values as rows `h.id`, each once: to begin with in `FROM … CROSS JOIN`, which SQLite goes through in the
/// order in which it is written. In a plain `IN` it would rather go through all that an organization has. What is asked of
/// the other table must all be in an index, or it does even so, once for each. As many rows as a power of two, as
/// [`one_of`].
pub(crate) fn each_of<T: ToArg>(query: Query, values: &[T]) -> Query {
    let Some(last) = values.last() else { return query.sql("(SELECT NULL AS id) h") };
    let fill = values.len().next_power_of_two() - values.len();
    let filled = values.iter().chain(std::iter::repeat_n(last, fill)).enumerate();
    let query = filled.fold(query.sql("(SELECT DISTINCT column1 AS id FROM (VALUES "), |query, (index, value)| {
        query.sql(if index == 0 { "(" } else { ", (" }).arg(value).sql(")")
    });
    query.sql(") v) h")
}

/// A pattern for `LIKE … ESCAPE '\'` that finds `text` anywhere in a folded name.
pub(super) fn containing(text: &str) -> String {
    // What is no name is in no name: it finds nothing as it stands, and an empty text finds everything.
    let folded = Name::new(text).map_or_else(|_| text.trim().to_owned(), |name| name.folded());
    let mut pattern = String::with_capacity(folded.len() + 2);
    pattern.push('%');
    for c in folded.chars() {
        if matches!(c, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
