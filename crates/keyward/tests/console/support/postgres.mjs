// A PostgreSQL cluster of our own, on a socket in a fresh folder. A shell runs it, which hears what to do from these
// tests, and stops and removes it when they end, however they end.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/**
 * @typedef {object} Cluster
 * @property {(name: string) => Promise<string>} database Makes an empty database; its address.
 * @property {() => Promise<void>} halt Ends the server as a crash would; its files stay.
 * @property {() => Promise<void>} resume Starts it again.
 * @property {() => Promise<void>} remove
 */

/** @returns {Promise<Cluster>} */
export async function startCluster() {
  const programs = folderOfPrograms();
  const [command, ...before] = asOrdinaryUser();
  const shell = spawn(command, [...before, 'sh', '-c', SCRIPT, 'sh', programs], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
    // Who interrupts the tests does not interrupt the clean-up.
    detached: true,
  });
  const ended = new Promise((resolve) => shell.once('close', resolve));
  const answers = createInterface({ input: shell.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await answers.next();
    if (done || value === 'failed') {
      throw new Error('PostgreSQL does not do what it is told; its own words are above');
    }
    return value;
  };
  const tell = (what) => {
    shell.stdin.write(`${what}\n`);
    return answer();
  };
  const folder = await answer();
  return {
    database: async (name) => {
      await promisify(execFile)(join(programs, 'createdb'), ['-h', folder, '-U', 'postgres', name]);
      return `postgres://postgres@localhost/${name}?host=${folder}&sslmode=disable`;
    },
    halt: () => tell('halt'),
    resume: () => tell('resume'),
    remove: () => {
      shell.stdin.end();
      return ended;
    },
  };
}

/** Makes the cluster, says where, does what it is told, and removes everything when nobody tells it anything any more. */
const SCRIPT = `
bin=$1
directory=$(mktemp -d /tmp/keyward-test.XXXXXX) || exit 1
control() { "$bin/pg_ctl" -D "$directory/data" -l "$directory/log" -w -t 60 "$@" >/dev/null 2>&1; }
start() { control start -o "-k $directory -c listen_addresses= -c fsync=off -c full_page_writes=off"; }
halt() { control stop -m immediate; }
fail() { cat "$directory/log" >&2; echo failed; }
"$bin/initdb" -D "$directory/data" -U postgres -A trust --encoding=UTF8 --locale=C --no-sync >"$directory/log" 2>&1 &&
  start && echo "$directory" || fail
while read -r told; do
  case $told in
    halt) halt && echo done || fail ;;
    resume) start && echo done || fail ;;
  esac
done
halt
rm -rf "$directory"
`;

/** PostgreSQL refuses to run as root: Debian's package brings a user; otherwise the one that owns nothing will do. */
function asOrdinaryUser() {
  if (process.getuid() !== 0) {
    return ['env'];
  }
  const user = isUser('postgres') ? 'postgres' : '65534';
  return ['setpriv', '--reuid', user, '--regid', user, '--clear-groups', '--'];
}

function isUser(name) {
  try {
    execFileSync('id', [name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Where the server's programs are: where PATH leads, or the newest that Debian installed. */
function folderOfPrograms() {
  // Debian's links in other folders lead to where the other programs are.
  const inPath = process.env.PATH.split(delimiter).map((folder) => join(folder, 'initdb')).filter(existsSync);
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => b - a).map((at) => join(DEBIAN, at, 'bin')) : [];
  const folders = [...inPath.map((program) => dirname(realpathSync(program))), ...debian];
  const found = folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'pg_ctl')));
  if (!found) {
    throw new Error('tests of several nodes need PostgreSQL: install `postgresql` (Debian), or put `initdb` in PATH');
  }
  return found;
}

const DEBIAN = '/usr/lib/postgresql';
