// Ticks in a worker: browsers slow the timers of pages in the background, and an agent there is still there.
setInterval(() => postMessage(0), 10000);
