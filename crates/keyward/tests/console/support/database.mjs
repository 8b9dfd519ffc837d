// What somebody does to the database of a server behind its back.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Runs a statement on the SQLite database of a running server; fails unless it changed exactly one row.
 * @param {import('./server.mjs').Server} server
 * @param {string} sql
 * @param {(string | number)[]} values For each `?`.
 */
export async function behindItsBack(server, sql, values) {
  const file = join(server.folder, 'data', 'keyward.db');
  await promisify(execFile)('python3', ['-c', SCRIPT, file, sql, JSON.stringify(values)]);
}

/**
 * Lets time pass for the session that somebody opened last.
 * @param {import('./server.mjs').Server} server
 * @param {import('./world.mjs').Person} person
 * @param {'signed_in_at' | 'last_seen_at' | 'expires_at'} time Since when it is fresh, was last used; until when it lasts.
 * @param {number} minutes
 */
export function age(server, person, time, minutes) {
  const newest = 'SELECT id FROM sessions WHERE user_id = ? ORDER BY created_at DESC LIMIT 1';
  const sql = `UPDATE sessions SET ${time} = ${time} - ? WHERE id = (${newest})`;
  return behindItsBack(server, sql, [minutes * 60_000_000, person.user]);
}

const SCRIPT = `
import json, sqlite3, sys
file, sql, values = sys.argv[1:]
with sqlite3.connect(file, timeout=20) as database:
    changed = database.execute(sql, json.loads(values)).rowcount
    if changed != 1:
        sys.exit(f"{changed} rows were changed by: {sql}")
`;
