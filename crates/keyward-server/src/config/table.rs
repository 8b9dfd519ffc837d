//! How a section is declared: once, as a struct whose comments are the reference.

use super::Problem;
use super::value::{Fault, Raw, Setting, Shape};
use super::written::{Group, Origin};

/// One setting, as the reference shows it.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name within the section: `idle_timeout`, `tls.certificate`.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
    /// What is to be written.
    pub form: &'static str,
    /// How it looks in TOML.
    pub shape: Shape,
    /// The default, as text; empty when there is none.
    pub default: &'static str,
    /// The smallest and largest value allowed, as text.
    pub bounds: Option<(&'static str, &'static str)>,
}

/// A section that can be read.
pub(super) trait Section: Sized {
    /// Its name in the file; empty for the settings before the first section.
    const NAME: &'static str;
    /// What it is about.
    const HELP: &'static str;
    /// Its settings.
    const KEYS: &'static [Key];

    /// Takes its settings out of `group`; what is left there is unknown. Problems are added to `problems`, and then
    /// there is no value.
    fn take(group: &mut Group, problems: &mut Vec<Problem>) -> Option<Self>;
}

/// Declares sections. A setting is `name: Type = "default", "min" to "max";`, where the bounds may be left out.
/// `as "a.b"` gives a name in the file that differs from the field's.
macro_rules! section {
    (
        $(#[doc = $help:literal])+
        [$section:literal]
        $visibility:vis struct $type:ident {
            $( $(#[doc = $key_help:literal])+ $field:ident $(as $name:literal)? : $kind:ty = $default:literal $(, $min:literal to $max:literal)? ; )+
        }
    ) => {
        $(#[doc = $help])+
        #[derive(Clone, Debug, PartialEq)]
        $visibility struct $type {
            $( $(#[doc = $key_help])+ pub $field: $kind, )+
        }

        impl $crate::config::table::Section for $type {
            const NAME: &'static str = $section;
            const HELP: &'static str = concat!($($help),+);
            const KEYS: &'static [$crate::config::table::Key] = &[$(
                $crate::config::table::Key {
                    name: section!(@name $field $($name)?),
                    help: concat!($($key_help),+),
                    form: <$kind as $crate::config::value::Setting>::FORM,
                    shape: <$kind as $crate::config::value::Setting>::SHAPE,
                    default: $default,
                    bounds: section!(@bounds $($min $max)?),
                },
            )+];

            fn take(
                group: &mut $crate::config::written::Group,
                problems: &mut Vec<$crate::config::Problem>,
            ) -> Option<Self> {
                let mut keys = Self::KEYS.iter();
                $( let $field = $crate::config::table::setting::<$kind>(
                    Self::NAME, keys.next()?, group, problems, section!(@within $kind $(, $min $max)?),
                ); )+
                Some(Self { $( $field: $field? ),+ })
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $name:literal) => { $name };
    (@bounds) => { None };
    (@bounds $min:literal $max:literal) => { Some(($min, $max)) };
    (@within $kind:ty) => { |_: &$kind| true };
    (@within $kind:ty, $min:literal $max:literal) => { |value: &$kind| $crate::config::table::within(value, $min, $max) };
}
pub(super) use section;

/// Takes one setting out of `group`.
pub(super) fn setting<T: Setting>(
    section: &'static str,
    key: &Key,
    group: &mut Group,
    problems: &mut Vec<Problem>,
    within: impl Fn(&T) -> bool,
) -> Option<T> {
    let (raw, origin) = match group.entries.remove(key.name) {
        Some(entry) => (entry.raw, entry.origin),
        None if key.default.is_empty() => match T::absent() {
            Some(absent) => return Some(absent),
            None if key.shape == Shape::List => (Raw::List(Vec::new()), Origin::Default),
            None => {
                let fault = Fault::new("it is missing", format!("write {}", key.form));
                problems.push(at(group.origin.clone(), section, key.name, fault));
                return None;
            }
        },
        None => (Raw::Bare(key.default.to_owned()), Origin::Default),
    };
    let fault = match T::read(&raw) {
        Ok(value) if within(&value) => return Some(value),
        Ok(_) => {
            let (min, max) = key.bounds.unwrap_or_default();
            Fault::new("it is out of bounds", format!("write a value from {min} to {max}"))
        }
        Err(fault) => fault,
    };
    problems.push(at(origin, section, key.name, fault));
    None
}

/// A problem with the setting `name` of `section`.
pub(super) fn at(origin: Origin, section: &str, name: &str, fault: Fault) -> Problem {
    let key = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
    Problem { origin, key, problem: fault.problem, remedy: fault.remedy }
}

/// Whether `value` lies between two bounds, which are written as settings are.
pub(super) fn within<T: Setting + PartialOrd>(value: &T, min: &str, max: &str) -> bool {
    let bound = |text: &str| T::read(&Raw::Bare(text.to_owned()));
    bound(min).is_ok_and(|min| *value >= min) && bound(max).is_ok_and(|max| *value <= max)
}
