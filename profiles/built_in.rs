// The profiles that come with Keyward, included by `keyward_core::profile`: the name of the file, and its text.
&[
    ("profiles/keyward.toml", include_str!("keyward.toml")),
    ("profiles/gigya.toml", include_str!("gigya.toml")),
    ("profiles/gigantik.toml", include_str!("gigantik.toml")),
    ("profiles/gainsight.toml", include_str!("gainsight.toml")),
    ("profiles/gateway_hub.toml", include_str!("gateway_hub.toml")),
    ("profiles/passport.toml", include_str!("passport.toml")),
]
