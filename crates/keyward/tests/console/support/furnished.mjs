// An organization in which every page has something to show.

/**
 * Makes an organization of one profile with places, people, roles, a key of each kind, and something that happened.
 * @param {import('./world.mjs').World} world
 * @param {string} profile
 * @param {(usual: string) => string} [called] How things are called instead.
 */
export async function furnished(world, profile, called = (usual) => usual) {
  const organization = await world.organization({ name: called('Acme'), profiles: [profile], admin: called('Ada Admin') });
  const { admin } = organization;
  const app = await world.app(admin, called('Shop'));
  const workspace = await world.workspace(admin, called('Till'), app.id);
  const group = await world.usergroup(admin, called('Cashiers'), app.id);
  const role = await world.role(admin, called('Bookkeeper'), ['credentials:read', 'audit:read']);
  const roles = [{ role: role.id, namespace: app.id }];
  const member = await world.member(admin, called('Bob Barlow'), { roles });
  await world.ask(admin, 'PUT', `/v1/usergroups/${group.id}/members/${member.user}`);
  const keys = [];
  for (const [kind, place, held] of KINDS[profile]) {
    const at = place === 'app' ? { namespace: app.id } : {};
    const wanted = { kind: `${profile}/${kind}`, name: called(`Nightly ${kind.replace('_', ' ')}`), ...at };
    keys.push(await world.credential(admin, held ? { ...wanted, roles: [{ role: held, ...at }] } : wanted));
  }
  const [first] = keys;
  await world.ask(admin, 'POST', `/v1/credentials/${first.id}/disable`);
  await world.ask(admin, 'POST', `/v1/credentials/${first.id}/enable`);
  return { organization, admin, member, app, workspace, group, role, keys };
}

/** The kinds of each profile, where one of them is made here, and the one role that it is given. */
const KINDS = {
  keyward: [
    ['api', 'organization', 'Viewer'],
    ['management', 'organization', 'Viewer'],
    ['oauth', 'app', 'Editor'],
    ['service', 'organization', 'Verifier'],
  ],
  gigya: [
    ['application_key', 'app', '_read_only'],
    ['user_key', 'organization'],
    ['account_secret', 'organization'],
  ],
  gigantik: [['api_key', 'organization', 'Editor']],
  gainsight: [
    ['access_key', 'organization'],
    ['m2m_oauth', 'organization'],
  ],
  gateway_hub: [['application_key', 'organization', 'Operator']],
  passport: [
    ['api_key', 'app'],
    ['user_access_key', 'app'],
  ],
};
