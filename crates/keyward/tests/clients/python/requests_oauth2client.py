"""Client credentials with `requests-oauth2client`, and a call with the token, which the library gets and sends by
itself. What came of it is written as JSON."""

import json
import os

import requests
from requests_oauth2client import (
    ClientSecretBasic,
    ClientSecretPost,
    EndpointError,
    OAuth2Client,
    OAuth2ClientCredentialsAuth,
)


def outcome():
    of = os.environ.get
    method = ClientSecretBasic if of("AUTHENTICATION") == "basic" else ClientSecretPost
    credentials = method(of("CLIENT_ID"), of("CLIENT_SECRET"))
    if of("ISSUER"):
        described = of("ISSUER") + "/.well-known/oauth-authorization-server"
        client = OAuth2Client.from_discovery_endpoint(described, issuer=of("ISSUER"), auth=credentials)
    else:
        client = OAuth2Client(of("TOKEN_URL"), auth=credentials)
    asked = {"scope": of("SCOPE")} if of("SCOPE") else {}
    auth = OAuth2ClientCredentialsAuth(client, **asked)
    try:
        auth.renew_token()
    except EndpointError as error:
        return {"error": {"status": error.response.status_code, "code": error.error}}
    response = requests.get(of("RESOURCE_URL"), auth=auth)
    token = {"access_token": auth.token.access_token, "scope": auth.token.scope, "expires_in": auth.token.expires_in}
    return {"token": token, "resource": {"status": response.status_code, "body": response.json()}}


print(json.dumps(outcome()))
