import { darkColours, lightColours } from './palette.js'

const colours = (list: readonly string[]): string => list.map((c, i) => `--c${i}:${c}`).join(';')

const recolour = lightColours
  .map(
    (_, i) =>
      `svg text.c${i},svg .m${i}{fill:var(--c${i})}svg path.c${i},svg .m${i}{stroke:var(--c${i})}svg .b${i}{fill:var(--c${i})}.k${i}{background:var(--c${i})}`,
  )
  .join('')

/** The report's style sheet: light and dark by the reader's preference, light on paper. */
export const styleSheet = `
:root{color-scheme:light dark;--page:#fbfbf8;--card:#fff;--ink:#22221f;--soft:#5f5f59;--line:#dedfd8;--axis:#8a8a84;--good:#00663f;--bad:#a32020;--open:#6a5a1c;--link:#00528a;${colours(lightColours)}}
@media (prefers-color-scheme:dark){:root{--page:#16171a;--card:#1d1f23;--ink:#e7e6e1;--soft:#a5a59e;--line:#33363b;--axis:#70737a;--good:#6fd3a4;--bad:#ff9a90;--open:#e0c778;--link:#8cc8f5;${colours(darkColours)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:1.0625rem/1.6 Charter,'Bitstream Charter','Sitka Text',Cambria,Georgia,'DejaVu Serif',serif;text-rendering:optimizeLegibility}
main{max-width:72rem;margin:0 auto;padding:3.5rem clamp(1rem,4vw,3rem) 5rem}
p,ul,dl,.lead,.claims{max-width:42rem}
h1{font-size:clamp(1.7rem,4.5vw,2.5rem);line-height:1.18;font-weight:600;letter-spacing:-.012em;max-width:46rem;margin:0 0 1rem;text-wrap:balance}
h2{font-size:1.45rem;line-height:1.3;font-weight:600;margin:3.75rem 0 1rem;padding-top:1.1rem;border-top:1px solid var(--line)}
h3{font-size:1.08rem;line-height:1.4;font-weight:600;margin:0}
p{margin:0 0 1rem}
a{color:var(--link)}
.eyebrow,.note,figcaption,table,dl,.badge,nav,details,footer{font-family:system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
.eyebrow{font-size:.84rem;letter-spacing:.01em;color:var(--soft);margin:0 0 .9rem;max-width:none}
.lead{font-size:1.18rem;line-height:1.55}
nav{font-size:.9rem;margin:1.75rem 0 0;display:flex;flex-wrap:wrap;gap:.4rem 1.25rem}
.partial{border-left:3px solid var(--bad);padding:.2rem 0 .2rem 1rem;max-width:42rem}
.claims{list-style:none;margin:1.75rem 0 0;padding:0}
.claims>li{display:flex;justify-content:space-between;gap:1rem;align-items:baseline;padding:.5rem 0;border-top:1px solid var(--line)}
.claims a{color:inherit;text-decoration-color:var(--axis);text-underline-offset:.2em;text-decoration-thickness:1px}
.claims>li:last-child{border-bottom:1px solid var(--line)}
.badge{font-size:.86rem;font-weight:600;white-space:nowrap}
.good{color:var(--good)}.bad{color:var(--bad)}.open{color:var(--open)}
.claim{margin:0 0 2.4rem;max-width:46rem}
.claim>header{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.1rem 1.25rem;align-items:baseline;margin-bottom:.5rem}
.claim .paper{color:var(--soft)}
.claim dl{max-width:none;font:inherit;margin:.75rem 0;display:block}
.claim dt{font-weight:600;display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem;align-items:baseline}
.claim dd{margin:.1rem 0 .9rem}
figure{margin:0 0 2.75rem}
figure h3{margin-bottom:.75rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1.25rem}
.chart{position:relative;min-width:0;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.75rem .6rem .5rem}
.live .chart{cursor:crosshair;touch-action:pan-y pinch-zoom}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem .5rem;margin:0 0 .6rem;padding:0;max-width:none;font:.88rem/1.4 system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
.legend button{all:unset;box-sizing:border-box;display:flex;align-items:center;gap:.45rem;padding:.3rem .6rem .3rem 0;color:var(--ink)}
.legend svg{flex:none;width:34px;height:14px}
.live .legend button{cursor:pointer;border:1px solid var(--line);border-radius:999px;padding:.25rem .7rem .25rem .5rem;background:var(--card)}
.live .legend button:hover{border-color:var(--axis)}
.live .legend button[aria-pressed=false]{color:var(--soft);text-decoration:line-through;background:none}
.live .legend button[aria-pressed=false] svg{opacity:.3}
g[hidden]{display:none}
.cross{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 2;pointer-events:none}
.readout{position:absolute;z-index:1;pointer-events:none;width:max-content;background:var(--card);border:1px solid var(--line);border-radius:5px;box-shadow:0 2px 8px rgb(0 0 0/.12);padding:.35rem .6rem;color:var(--soft);font:.8rem/1.45 system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-variant-numeric:tabular-nums}
.readout:not([hidden]){display:block}.readout>*{display:block}.readout b{font-weight:600;color:var(--ink)}
.readout i{display:inline-block;width:.6rem;height:.6rem;border-radius:2px;margin-right:.4rem}
svg{display:block;width:100%;height:auto}
svg.map{width:auto;max-width:none}
figcaption,.note{font-size:.86rem;line-height:1.5;color:var(--soft);margin:.7rem 0 0;max-width:46rem}
.note+.note{margin-top:.35rem}
.table{margin:0 0 2.75rem}
.scroll{overflow-x:auto}
.scroll:focus-visible,a:focus-visible,summary:focus-visible,.chart:focus-visible,.legend button:focus-visible{outline:2px solid var(--link);outline-offset:3px}
table{border-collapse:collapse;font-size:.9rem;line-height:1.4;min-width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;font:600 1.08rem/1.4 Charter,'Bitstream Charter','Sitka Text',Cambria,Georgia,'DejaVu Serif',serif;padding:0 0 .6rem}caption span{display:block;position:sticky;left:0;max-width:min(46rem,calc(100vw - 2.2rem))}
th,td{text-align:left;vertical-align:baseline;padding:.5rem .9rem .5rem 0;white-space:nowrap;border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:.2rem}
thead th{color:var(--soft);font-weight:500;font-size:.82rem;border-bottom:1px solid var(--axis);vertical-align:bottom;white-space:normal}
tbody th{font-weight:500;min-width:10.5rem;white-space:normal}
td.prose{white-space:normal;min-width:16rem}
.number{text-align:right}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.35rem 1.5rem;font-size:.94rem;line-height:1.5;margin:0}
dl.facts dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
.samples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1.25rem;margin-bottom:1rem}
.sample{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.8rem;min-width:0;overflow-wrap:anywhere}
.sample header{display:flex;gap:1rem;margin-bottom:.5rem}.sample header>div:last-child{min-width:0}
.sample img,.sample .blank{flex:none;width:6.5rem;height:6.5rem;border-radius:4px;object-fit:cover;background:var(--line)}
.sample .blank{display:grid;place-items:center;color:var(--soft);font-size:.75rem}
.sample .name{font:.75rem/1.4 system-ui,sans-serif;color:var(--soft);margin:.2rem 0 0}
.sample table{font-size:.8rem}.sample tbody th{min-width:0;white-space:nowrap!important}.sample th,.sample td{padding:.25rem .5rem .25rem 0;white-space:normal;vertical-align:top}.sample td.number{white-space:nowrap}
.sample tr:last-child>*{border-bottom:0}
.sample small{display:block;color:var(--soft)}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.confusion>summary{font-size:1rem}.confusion .scroll{margin:.6rem 0 1.2rem}
details{font-size:.9rem;margin:0 0 .15rem}details .table{margin:.6rem 0 1.5rem}
summary{cursor:pointer;color:var(--link);padding:.3rem 0}
code,pre{font:.88em/1.5 ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace}
pre{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.85rem 1rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;max-width:46rem}
footer{font-size:.86rem;color:var(--soft);margin-top:3rem}
svg .paper,svg .hollow{fill:var(--card)}
svg text.ink{fill:var(--ink)}svg text.over{fill:var(--card)}svg .grid{stroke:var(--line)}svg text.soft{fill:var(--soft)}svg .line{stroke:var(--line)}svg .axis{stroke:var(--axis)}
${recolour}
svg .hollow{fill:var(--card)!important}
@media (max-width:34rem){.sample{padding:.6rem}body{font-size:1rem}.chart{padding:.4rem .2rem .3rem}main{padding-top:2rem}dl.facts{display:block}dl.facts dd{margin-bottom:.6rem}.claims>li{display:block}.claims .badge{display:block}.claim .badge{width:100%}}
@media print{.readout,.cross{display:none!important}.live .legend button{border:0;background:none;padding:.1rem .6rem .1rem 0}.samples{grid-template-columns:1fr 1fr}.sample{break-inside:avoid}:root{color-scheme:light;--page:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc;--axis:#888;--good:#00663f;--bad:#a32020;--open:#6a5a1c;--link:#000;${colours(lightColours)}}body{font-size:10.5pt}main{max-width:none;padding:0}nav{display:none}h2,h3,caption{break-after:avoid}figure,.table,.claim{break-inside:avoid}.scroll{overflow:visible}.charts{grid-template-columns:1fr 1fr;gap:.5rem}.chart{break-inside:avoid}th,td{padding-right:.6rem}table{font-size:8.5pt}}
`
