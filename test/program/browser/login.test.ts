/** The sign-in in a real Chromium, against the sandbox's authorize page. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';

import { createFakeClock } from '../../support/fake-clock.ts';
import { withClosedPort } from '../../support/local-server.ts';
import { addressIn, runLogin } from '../../support/login-process.ts';
import { signIn } from '../../support/sign-in.ts';
import { withSandbox } from '../../support/with-sandbox.ts';

/** Where pictures of the pages go, if anywhere. */
const shots = process.env['SCREENSHOTS'];

let browser: Browser;
let folder = '';

beforeAll(async () => {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.map((one) => join(one, 'chromium')).find((path) => existsSync(path));
  const executablePath = process.env['CHROMIUM'] ?? found;
  if (executablePath === undefined)
    throw new Error(
      'There is no Chromium: install the Debian package chromium, or name it by CHROMIUM.',
    );
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  browser = await chromium.launch({ executablePath, args });
  folder = await mkdtemp(join(tmpdir(), 'browser-'));
});

afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

const token = /(?:access|refresh|code)-[\w-]{20}/;

interface Looks {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
}

async function withPage(looks: Looks, work: (page: Page) => Promise<void>): Promise<void> {
  const { colorScheme = 'light', width = 900 } = looks;
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 640 } });
  const page = await context.newPage();
  const said: string[] = [];
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('console', (message) => said.push(message.text()));
  try {
    await work(page);
    expect(
      said.filter((line) => !line.includes('the server responded with a status of 400')),
    ).toEqual([]);
  } finally {
    await context.close();
  }
}

async function shoot(page: Page, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** The addresses the tab can go back to. */
async function historyOf(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page);
  return JSON.stringify(await session.send('Page.getNavigationHistory'));
}

async function untilTitle(page: Page, title: string): Promise<void> {
  await page.getByRole('heading', { name: title }).waitFor();
}

const flows = [
  { id: 'sandbox-client', secret: 'sandbox-secret', colorScheme: 'light', width: 900 },
  { id: 'sandbox-public', secret: undefined, colorScheme: 'dark', width: 900 },
  { id: 'sandbox-public', secret: undefined, colorScheme: 'light', width: 360 },
] as const;

test.each(flows)(
  'Allow signs in and leaves no token in the tab: $id, $colorScheme, $width',
  async (flow) => {
    await withSandbox({}, async (sandbox) => {
      const out = join(folder, `${flow.id}-${flow.width}.json`);
      const args = ['--client-id', flow.id, '--out', out];
      const referrers: (string | undefined)[] = [];
      const browse = async (address: URL): Promise<void> =>
        withPage(flow, async (page) => {
          page.on('request', (request) => referrers.push(request.headers()['referer']));
          await page.goto(address.href);
          await shoot(page, `authorize-${flow.id}-${flow.colorScheme}-${flow.width}`);
          await page.getByRole('button', { name: 'Allow' }).click();
          await untilTitle(page, 'You are signed in');
          await shoot(page, `done-${flow.id}-${flow.colorScheme}-${flow.width}`);
          expect(new URL(page.url()).href).toMatch(/^http:\/\/localhost:\d+\/$/);
          expect(await historyOf(page)).not.toMatch(token);
        });
      const { secret } = flow;
      const input = { args, browse, ...(secret !== undefined && { secret }) };
      const { ended, stdout, stderr } = await signIn(sandbox, input);
      expect(ended).toBe(0);
      expect(`${stdout}${stderr}${JSON.stringify(referrers)}`).not.toMatch(token);
      const { access_token }: { readonly access_token: string } = JSON.parse(
        await readFile(out, 'utf8'),
      );
      expect(access_token).toMatch(token);
    });
  },
);

test.each(flows)('Deny is explained on the page: $id, $colorScheme, $width', async (flow) => {
  await withSandbox({}, async (sandbox) => {
    const browse = async (address: URL): Promise<void> =>
      withPage(flow, async (page) => {
        await page.goto(address.href);
        await page.getByRole('button', { name: 'Deny' }).click();
        await untilTitle(page, 'You are not signed in');
        await shoot(page, `denied-${flow.id}-${flow.colorScheme}-${flow.width}`);
        expect(await page.locator('p').first().textContent()).toContain('choose Allow');
      });
    const { secret } = flow;
    const args = ['--client-id', flow.id, '--print'];
    const { ended } = await signIn(sandbox, {
      args,
      browse,
      ...(secret !== undefined && { secret }),
    });
    expect(ended).toContain('access was denied');
  });
});

test('A page with another state is rejected, the correct one still signs in, and a second visit finds nothing', async () => {
  await withSandbox({}, async (sandbox) => {
    const browse = async (address: URL): Promise<void> =>
      withPage({}, async (page) => {
        const wrong = new URL(address);
        wrong.searchParams.set('state', 'of-an-older-try');
        await page.goto(wrong.href);
        await page.getByRole('button', { name: 'Allow' }).click();
        await untilTitle(page, 'This is not the answer to this login');
        await page.goto(address.href);
        await page.getByRole('button', { name: 'Allow' }).click();
        await untilTitle(page, 'You are signed in');
        const again = page.goto(page.url());
        await expect(again).rejects.toThrow(
          /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/,
        );
      });
    const { ended } = await signIn(sandbox, {
      args: ['--client-id', 'sandbox-public', '--print'],
      browse,
    });
    expect(ended).toBe(0);
  });
});

test('If the browser is closed, the login ends after its time limit', async () => {
  await withSandbox({}, async (sandbox) => {
    const clock = createFakeClock(Date.now());
    const browse = async (address: URL): Promise<void> => {
      await withPage({}, async (page) => void (await page.goto(address.href)));
      clock.pass(5 * 60_000);
    };
    const args = ['--client-id', 'sandbox-public', '--print'];
    const { ended } = await signIn(sandbox, { args, browse, clock });
    expect(ended).toContain('no answer arrived within five minutes');
  });
});

test.each(['sandbox-client', 'sandbox-public'])(
  'With --paste the URL of the page that does not load is enough: %s',
  async (id) => {
    await withSandbox({}, async (sandbox) => {
      const allowed = async (shown: string): Promise<string> => {
        let last = '';
        await withPage({}, async (page) => {
          await page.goto(addressIn(shown).href);
          const broken = page.waitForEvent('requestfailed');
          await page.getByRole('button', { name: 'Allow' }).click();
          await broken;
          await page.waitForURL('chrome-error://**');
          // The address bar.
          const session = await page.context().newCDPSession(page);
          const { entries } = await session.send('Page.getNavigationHistory');
          last = entries.at(-1)?.url ?? '';
        });
        return `${last}\n`;
      };
      const { written, code } = await withClosedPort((origin) =>
        runLogin(sandbox, {
          out: join(folder, `${id}-pasted.json`),
          args: ['--client-id', id, '--paste', '--port', new URL(origin).port],
          env: id === 'sandbox-client' ? { TAP_ZENDESK_CHAT_CLIENT_SECRET: 'sandbox-secret' } : {},
          typed: ['Paste its address (not shown): ', allowed],
        }),
      );
      expect(`${written}${code}`).toMatch(/Signed in to sandbox: the token works\. .*\n0$/);
      expect(written).not.toMatch(token);
    });
  },
);
