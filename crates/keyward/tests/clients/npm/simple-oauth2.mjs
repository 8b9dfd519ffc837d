// Client credentials with `simple-oauth2`, and a call with the token. What came of it is written as JSON.
import { ClientCredentials } from 'simple-oauth2';

const { TOKEN_URL, CLIENT_ID, CLIENT_SECRET, AUTHENTICATION, SCOPE, RESOURCE_URL } = process.env;
const { origin, pathname, search } = new URL(TOKEN_URL);
const client = new ClientCredentials({
  client: { id: CLIENT_ID, secret: CLIENT_SECRET },
  auth: { tokenHost: origin, tokenPath: pathname + search },
  options: { authorizationMethod: AUTHENTICATION === 'basic' ? 'header' : 'body' },
});

async function outcome() {
  let token;
  try {
    ({ token } = await client.getToken(SCOPE ? { scope: SCOPE } : {}));
  } catch (error) {
    if (!error.isBoom) throw error;
    return { error: { status: error.output.statusCode, code: error.data.payload.error } };
  }
  const { access_token, token_type, scope, expires_at } = token;
  const response = await fetch(RESOURCE_URL, { headers: { authorization: `${token_type} ${access_token}` } });
  return {
    token: { access_token, scope, expires_in: Math.round((expires_at - Date.now()) / 1000) },
    resource: { status: response.status, body: await response.json() },
  };
}

console.log(JSON.stringify(await outcome()));
