// What people wait for, in a real browser in front of the real executable: medians of several rounds, with nothing kept between them.
import { type Elido, open, signIn, startElido, stopBrowser, until, type Watched } from "../e2e/server.ts";

const LINKS = Number(process.env.ELIDO_BENCH_LINKS ?? 100_000);
const ROUNDS = Number(process.env.ELIDO_BENCH_ROUNDS ?? 7);
const CHUNK = 1_000;
const JUMPS = 100;
const JUMP = 600;

/** What each figure should be at most, and may be three times of. */
const TARGETS = {
  fcp_links_over_static_ms: 100,
  links_ready_ms: 1_000,
  next_page_cached_ms: 50,
  palette_ms: 100,
  scroll_frame_p95_ms: 50,
  scroll_nodes: 1_500,
  requests_before_first_row: 12,
} as const;
type Figures = Record<keyof typeof TARGETS, number>;

const sorted = (values: number[]) => [...values].sort((one, other) => one - other);
const median = (values: number[]) => sorted(values)[Math.floor(values.length / 2)] ?? 0;
const at95 = (values: number[]) => sorted(values)[Math.floor(values.length * 0.95)] ?? 0;

async function seed(elido: Elido): Promise<void> {
  const { ask, workspace } = await elido.bootstrap();
  for (let start = 0; start < LINKS; start += CHUNK) {
    const links = Array.from({ length: Math.min(CHUNK, LINKS - start) }, (_, index) => ({
      destination_url: `https://www.example.com/catalogue/${start + index}?utm_source=newsletter`,
      slug: `link-${start + index}`,
    }));
    await ask("POST", `/v1/workspaces/${workspace.id}/links/bulk`, { links });
  }
}

const firstPaint = ({ page }: Watched) =>
  until("a first paint", () =>
    page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime),
  );

/** Runs in a browser that has nothing of the dashboard yet but the session. */
async function cold<Found>(elido: Elido, run: (watched: Watched) => Promise<Found>): Promise<Found> {
  const watched = await open(elido);
  try {
    await watched.context.addCookies(session);
    return await run(watched);
  } finally {
    await watched.context.close();
  }
}

let session: Awaited<ReturnType<Watched["context"]["cookies"]>> = [];

async function list(watched: Watched, elido: Elido) {
  const { page } = watched;
  let requests = 0;
  page.on("request", () => {
    requests += 1;
  });
  await page.goto(`${elido.url}/w/marketing/links`, { waitUntil: "commit" });
  await page.locator(".list-row").first().waitFor();
  const ready = await page.evaluate(() => performance.now());
  return { ready, requests, paint: await firstPaint(watched) };
}

/** From a key until what it opens is there, by the clock of the page. */
async function after(watched: Watched, press: string, shown: string): Promise<number> {
  const { page } = watched;
  const started = await page.evaluate(() => performance.now());
  for (const key of press.split(" ")) await page.keyboard.press(key);
  await page.locator(shown).first().waitFor();
  return (await page.evaluate(() => performance.now())) - started;
}

async function palette(watched: Watched, elido: Elido) {
  await list(watched, elido);
  // Once, so that its script is there; it is measured as people meet it from then on.
  await after(watched, "Control+k", "dialog[open] [role=option]");
  await watched.page.keyboard.press("Escape");
  return after(watched, "Control+k", "dialog[open] [role=option]");
}

async function again(watched: Watched, elido: Elido) {
  await list(watched, elido);
  await after(watched, "g s", "input.mono");
  await after(watched, "g l", ".list-row");
  await after(watched, "g s", "input.mono");
  return after(watched, "g l", ".list-row");
}

async function scroll(watched: Watched, elido: Elido) {
  await list(watched, elido);
  return watched.page.evaluate(
    async ([jumps = 0, jump = 0]) => {
      const frames: number[] = [];
      let nodes = 0;
      let before = performance.now();
      for (let count = 0; count < jumps; count += 1) {
        window.scrollBy(0, jump);
        const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
        frames.push(now - before);
        before = now;
        nodes = Math.max(nodes, document.querySelectorAll("*").length);
      }
      return { frames, nodes };
    },
    [JUMPS, JUMP],
  );
}

async function measure(elido: Elido): Promise<{ figures: Figures; complaints: string[] }> {
  const complaints: string[] = [];
  const repeat = async <Found>(run: (watched: Watched) => Promise<Found>): Promise<Found[]> => {
    const found: Found[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      found.push(
        await cold(elido, async (watched) => {
          const one = await run(watched);
          complaints.push(...watched.complaints);
          return one;
        }),
      );
    }
    return found;
  };
  const plain = await repeat(async (watched) => {
    await watched.page.goto(`${elido.url}/licenses`);
    return firstPaint(watched);
  });
  const lists = await repeat((watched) => list(watched, elido));
  const scrolls = await repeat((watched) => scroll(watched, elido));
  return {
    complaints,
    figures: {
      fcp_links_over_static_ms: median(lists.map(({ paint }) => paint)) - median(plain),
      links_ready_ms: median(lists.map(({ ready }) => ready)),
      next_page_cached_ms: median(await repeat((watched) => again(watched, elido))),
      palette_ms: median(await repeat((watched) => palette(watched, elido))),
      scroll_frame_p95_ms: median(scrolls.map(({ frames }) => at95(frames))),
      scroll_nodes: Math.max(...scrolls.map(({ nodes }) => nodes)),
      requests_before_first_row: Math.max(...lists.map(({ requests }) => requests)),
    },
  };
}

const elido = await startElido();
try {
  await seed(elido);
  const first = await open(elido);
  await signIn(elido, first);
  session = await first.context.cookies();
  await first.context.close();
  const { figures, complaints } = await measure(elido);
  const names = Object.keys(TARGETS) as (keyof Figures)[];
  for (const name of names) {
    console.log(`${figures[name].toFixed(0).padStart(8)} of ${String(TARGETS[name]).padStart(6)}  ${name}`);
  }
  for (const complaint of complaints) console.error(complaint);
  const rounded = Object.fromEntries(names.map((name) => [name, Math.round(figures[name])]));
  const external_requests = complaints.filter((complaint) => complaint.startsWith("a request to")).length;
  console.log(`RESULT ${JSON.stringify({ bench: "dashboard", links: LINKS, ...rounded, external_requests })}`);
  if (complaints.length > 0 || names.some((name) => figures[name] > 3 * TARGETS[name])) process.exitCode = 1;
} finally {
  await stopBrowser();
  elido.stop();
}
