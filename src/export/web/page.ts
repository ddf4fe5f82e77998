import { createHash } from 'node:crypto'
import { styleSheet } from './style-sheet.js'

/** Browsers load no modules from files, so this is said by a script that is in the page itself. */
const script = `if (location.protocol === 'file:') document.documentElement.className = 'file'`

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Nothing is loaded from elsewhere, and nothing is sent anywhere. */
const policy = [
  "default-src 'none'",
  `script-src 'self' 'wasm-unsafe-eval' ${hashOf(script)}`,
  `style-src ${hashOf(styleSheet)}`,
  'img-src blob: data:',
  "connect-src 'self'",
  "worker-src 'self'",
  'media-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** The page that classifies images. @param main address of its first module, from the page's folder */
export const webPage = (main: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<title>Image classifier</title>
<link rel="icon" href="data:,">
<style>${styleSheet}</style>
<script>${script}</script>
<script type="module" src="${main}"></script>
</head>
<body>
<main>
<h1 id="title">Image classifier</h1>
<p class="lead">Drop an image anywhere on this page, choose or paste one, or use the camera. It is classified here, in your browser: no image leaves this machine.</p>
<div class="served notice">
<p>This page was opened as a file, and browsers load its parts only from a web server. Any will do; in the page’s folder, run</p>
<pre>python3 -m http.server 8000</pre>
<p>and open <code>http://localhost:8000/</code>.</p>
</div>
<noscript><p class="notice">The network runs as a script: allow scripts on this page.</p></noscript>
<div class="work">
<div class="input">
<div id="stage">
<p id="hint">Drop an image here</p>
<img id="picture" alt="" hidden>
<video id="video" muted playsinline hidden aria-label="What the camera sees"></video>
</div>
<p class="controls">
<label class="button"><input type="file" id="file" accept="image/*" class="unseen">Choose an image</label>
<button type="button" class="button" id="camera">Use the camera</button>
</p>
</div>
<div class="output">
<h2>Most likely</h2>
<p id="loading"><label for="progress">Loading the network</label> <span id="loaded"></span><progress id="progress" max="1"></progress></p>
<p id="message" class="notice" role="alert"></p>
<ol id="labels" aria-label="The most likely classes"></ol>
<p id="time" class="note"></p>
<p id="status" class="unseen" role="status"></p>
</div>
</div>
<p id="facts" class="note"></p>
</main>
</body>
</html>
`
