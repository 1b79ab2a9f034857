/** The result of a sign-in, as the browser shows it. */
export interface SignInOutcome {
  readonly isGood: boolean;
  readonly title: string;
  readonly text: string;
}

const style = `:root{color-scheme:light dark;--ink:#17212b;--dim:#4c5a67;--paper:#fff;--ground:#eef1f4;--line:#cfd7de;
--good:#1f6f54;--bad:#a3271f}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf1;--dim:#aab6c1;--paper:#1d262e;--ground:#12181e;--line:#38444f;
--good:#58c79c;--bad:#ff8d80}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);color:var(--ink);
font:1rem/1.5 system-ui,sans-serif}
main{width:100%;max-width:32rem;padding:2rem;background:var(--paper);border:1px solid var(--line);
border-top:.3rem solid var(--line);border-radius:.75rem;overflow-wrap:anywhere}
main.good{border-top-color:var(--good)}main.bad{border-top-color:var(--bad)}
h1{margin:0 0 .5rem;font-size:1.35rem;line-height:1.3}p{margin:0 0 1rem}
.dim{margin:0;color:var(--dim);font-size:.9rem}`;

/** Removes the answer from the address bar, and sends the part after # to the server. */
const script = `const answer=location.hash.slice(1);history.replaceState(null,'','/');
const show=({isGood,title,text})=>{document.title=title;document.querySelector('h1').textContent=title;
document.querySelector('p').textContent=text;document.querySelector('main').className=isGood?'good':'bad'};
if(answer!=='')fetch('/',{method:'POST',headers:{'content-type':'application/x-www-form-urlencoded'},body:answer})
.then((response)=>response.json()).then(show,()=>show({isGood:false,title:'tap-zendesk-chat does not respond',
text:'The login command has ended or timed out. Run it again.'}));`;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>]/g, (character) => entities[character] ?? '');
}

/** The page before the result is known. Its script reads the answer from the address. */
export const waitingOutcome: SignInOutcome = {
  isGood: true,
  title: 'Signing in …',
  text: 'This takes a moment. If nothing happens, the address of this page contains no answer from Zendesk: go back to the terminal.',
};

/** @param nonce The nonce in the headers, which allows the page's script and style. */
export function renderPage({ isGood, title, text }: SignInOutcome, nonce: string): string {
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style nonce="${nonce}">${style}</style></head>
<body><main class="${isGood ? 'good' : 'bad'}"><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>
<p class="dim">tap-zendesk-chat</p></main><script nonce="${nonce}">${script}</script></body></html>
`;
}

export function pageHeaders(nonce: string): Readonly<Record<string, string>> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; img-src data:; ` +
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
  };
}
