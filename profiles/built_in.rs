// The profiles that come with Keyward, included by `keyward_core::profile`: the name of the file, and its text.
&[
    ("profiles/keyward.toml", include_str!("keyward.toml")),
    ("profiles/gigantik.toml", include_str!("gigantik.toml")),
]
