// People, places, rights and keys, made over the REST API. Each test makes an organization of its own with its own
// people, so that none can see what another does.

/**
 * Somebody who can sign in.
 * @typedef {object} Person
 * @property {string} email
 * @property {string} name
 * @property {string} password
 * @property {string} user Their id.
 * @property {string} organization The id of their organization.
 * @property {string} token A session for the REST API: other than those that they have in browsers.
 */

/**
 * A credential whose secret was just shown.
 * @typedef {object} Key
 * @property {string} id `cred_…`
 * @property {string} publicId What a client presents to say which one it is.
 * @property {Record<string, string>} secret `{ token }`, or the parts of a pair.
 */

/** All profiles that are built in. */
export const PROFILES = ['keyward', 'gigya', 'gigantik', 'gainsight', 'gateway_hub', 'passport'];

/** Everybody's: long enough, and not common. */
export const PASSWORD = 'blue-Kettle-47-marches';

/** What a test makes on a server. Everything is named by its id; roles also by their names. */
export class World {
  /** @type {import('./server.mjs').Server} */
  #server;
  /** The session of the operator. */
  #operator;
  #count = 0;

  /**
   * Sets a server up.
   * @param {import('./server.mjs').Server} server
   */
  static async setUp(server) {
    const world = new World();
    world.#server = server;
    const operator = { email: 'operator@example.com', name: 'Olga Operator', password: PASSWORD };
    await world.ask(null, 'POST', '/v1/setup', { token: server.setupToken, ...operator });
    world.#operator = await world.#signedIn(operator);
    return world;
  }

  /**
   * The same, asked of another server on the same database.
   * @param {import('./server.mjs').Server} server
   */
  through(server) {
    const world = new World();
    world.#server = server;
    world.#operator = this.#operator;
    return world;
  }

  /** The operator, who belongs to no organization. */
  get operator() {
    return this.#operator;
  }

  /**
   * An organization with its first super admin.
   * @param {{ name?: string, profiles?: string[], admin?: string }} [wanted]
   * @returns {Promise<{ id: string, name: string, admin: Person }>}
   */
  async organization({ name = 'Acme', profiles = ['keyward'], admin = 'Ada Admin' } = {}) {
    const email = this.#email(admin);
    const body = { name, profiles, super_admin: email };
    const made = await this.ask(this.#operator, 'POST', '/v1/organizations', body);
    const { id } = made.organization;
    return { id, name, admin: await this.#accepted(made.invitation, admin, id) };
  }

  /**
   * Another member of somebody's organization. Without roles they hold nothing.
   * @param {Person} by
   * @param {string} name
   * @param {{ super_admin?: boolean, roles?: { role: string, namespace: string }[] }} [rights]
   * @returns {Promise<Person>}
   */
  async member(by, name, rights = {}) {
    const invitation = await this.ask(by, 'POST', '/v1/users', { email: this.#email(name), ...rights });
    return this.#accepted(invitation, name, by.organization);
  }

  /** @param {Person} by @param {string} name @returns {Promise<{ id: string, site_key: string }>} */
  app(by, name) {
    return this.ask(by, 'POST', '/v1/apps', { name });
  }

  /** @param {Person} by @param {string} name @param {string} app @returns {Promise<{ id: string }>} */
  workspace(by, name, app) {
    return this.ask(by, 'POST', '/v1/workspaces', { name, app });
  }

  /** @param {Person} by @param {string} name @param {string} [app] @returns {Promise<{ id: string }>} */
  usergroup(by, name, app) {
    return this.ask(by, 'POST', '/v1/usergroups', { name, app });
  }

  /** @param {Person} by @param {string} name @param {string[]} patterns @returns {Promise<{ id: string }>} */
  role(by, name, patterns) {
    return this.ask(by, 'POST', '/v1/roles', { name, patterns });
  }

  /** @param {Person} by @param {string} holder @param {string} role @param {string} namespace */
  grant(by, holder, role, namespace) {
    return this.ask(by, 'POST', '/v1/grants', { holder, role, namespace });
  }

  /**
   * A credential.
   * @param {Person} by
   * @param {object} wanted `{ kind: 'profile/kind', name, namespace, roles: [{ role, namespace }], … }`
   * @returns {Promise<Key>}
   */
  async credential(by, wanted) {
    const { credential, secret } = await this.ask(by, 'POST', '/v1/credentials', wanted);
    return { id: credential.id, publicId: credential.public_id, secret };
  }

  /**
   * Whether a key may do something: `allowed`, or the reason why not.
   * @param {Person} by
   * @param {string} token The key, as one string.
   * @param {{ permission?: string, namespace?: string }} [question]
   */
  async verify(by, token, question = {}) {
    const answer = await this.ask(by, 'POST', '/v1/verify', { credential: token, ...question });
    return answer.allowed ? 'allowed' : answer.reason;
  }

  /**
   * Asks the REST API for anything; what is refused is an error.
   * @param {Person | null} by
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   */
  async ask(by, method, path, body) {
    const headers = {
      ...(by && { authorization: `Bearer ${by.token}` }),
      ...(body && { 'content-type': 'application/json' }),
    };
    const reply = await fetch(this.#server.url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await reply.text();
    if (!reply.ok) {
      throw new Error(`${method} ${path}: ${reply.status}: ${text}`);
    }
    return text && JSON.parse(text);
  }

  /** An address that nobody has yet. */
  #email(name) {
    this.#count += 1;
    const words = name.toLowerCase().match(/[a-z]+/g) ?? ['somebody'];
    return `${words.join('.').slice(0, 32)}.${this.#count}@example.com`;
  }

  async #accepted({ email, token }, name, organization) {
    await this.ask(null, 'POST', '/v1/invitations/accept', { token, name, password: PASSWORD });
    return this.#signedIn({ email, name, password: PASSWORD, organization });
  }

  async #signedIn(person) {
    const { email, password } = person;
    const { token } = await this.ask(null, 'POST', '/v1/sessions', { email, password });
    const { user } = await this.ask({ token }, 'GET', '/v1/sessions/current');
    return { ...person, token, user: user.id };
  }
}
