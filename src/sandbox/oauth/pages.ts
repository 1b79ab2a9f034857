/** The pages of the sign-in. */

const style = `
:root { color-scheme: light dark; --ink: #17212b; --dim: #51606e; --paper: #fff; --ground: #eef1f4; --line: #cfd7de;
  --accent: #1f6f54; --on-accent: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8edf1; --dim: #a5b1bc; --paper: #1d262e; --ground: #12181e; --line: #38444f; --accent: #58c79c;
    --on-accent: #0c1f18; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 30rem; padding: 2rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: .75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 .5rem; font-size: 1.35rem; line-height: 1.3; }
p, ul { margin: 0 0 1rem; }
.dim { color: var(--dim); font-size: .9rem; }
form { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0 0; }
button { flex: 1 1 8rem; min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid var(--line); border-radius: .5rem;
  background: transparent; color: inherit; font: inherit; cursor: pointer; }
button[value=allow] { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? '');
}

function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>${style}</style></head>
<body><main><h1>${escaped(title)}</h1>${body}</main></body></html>
`;
}

/** The consent page. Its form sends the fields together with the decision. */
export function consentPage(clientId: string, action: string, fields: URLSearchParams): string {
  const hidden = [...fields].map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  return page(
    'Allow access to this account?',
    `<p><strong>${escaped(clientId)}</strong> wants to read the chats, agents and settings of this fictional
    Zendesk account.</p>
    <p class="dim">This is the sandbox of tap-zendesk-chat: it does not access a real account.</p>
    <form method="post" action="${action}">${hidden.join('')}
    <button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></form>`,
  );
}

/** The page for a user who cannot be redirected. */
export function errorPage(description: string): string {
  return page('Invalid request', `<p>${escaped(description)}</p>`);
}
