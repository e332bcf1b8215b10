/**
 * Loads the page again when one of its files did not arrive: a browser ends all requests when the network of its computer
 * changes, and a puller may be started again meanwhile. A plain script, so that it runs before any of the modules.
 */
const RETRY_MS = 1_000;

async function loadAgain(): Promise<void> {
  const isThere = await fetch('health').then(
    ({ ok }) => ok,
    () => false,
  );
  if (isThere) location.reload();
  else setTimeout(loadAgain, RETRY_MS);
}

addEventListener(
  'error',
  ({ target }) => {
    // Errors of running scripts have the window as their target.
    if (target instanceof Element) setTimeout(loadAgain, RETRY_MS);
  },
  true,
);
