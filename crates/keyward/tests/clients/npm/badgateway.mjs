// Client credentials with `@badgateway/oauth2-client`, and a call with the token, which the library gets and sends by
// itself. What came of it is written as JSON.
import { OAuth2Client, OAuth2Fetch, OAuth2HttpError } from '@badgateway/oauth2-client';

const { TOKEN_URL, ISSUER, CLIENT_ID, CLIENT_SECRET, AUTHENTICATION, SCOPE, RESOURCE_URL } = process.env;
const client = new OAuth2Client({
  // Without a token endpoint, the library looks for the server's description.
  ...(ISSUER ? { server: ISSUER } : { tokenEndpoint: TOKEN_URL }),
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  authenticationMethod: AUTHENTICATION === 'basic' ? 'client_secret_basic' : 'client_secret_post',
});
const wrapped = new OAuth2Fetch({
  client,
  getNewToken: () => client.clientCredentials(SCOPE ? { scope: SCOPE.split(' ') } : {}),
  scheduleRefresh: false,
});

async function outcome() {
  let token;
  try {
    token = await wrapped.getToken();
  } catch (error) {
    if (!(error instanceof OAuth2HttpError)) throw error;
    return { error: { status: error.httpCode, code: error.oauth2Code } };
  }
  const response = await wrapped.fetch(RESOURCE_URL);
  return {
    token: {
      access_token: token.accessToken,
      scope: token.scope?.join(' '),
      expires_in: Math.round((token.expiresAt - Date.now()) / 1000),
    },
    resource: { status: response.status, body: await response.json() },
  };
}

console.log(JSON.stringify(await outcome()));
