/** The page's style sheet, in the colours of the study's report: light or dark by the reader's preference. */
export const styleSheet = `
:root{color-scheme:light dark;--page:#fbfbf8;--card:#fff;--ink:#22221f;--soft:#5f5f59;--line:#dedfd8;--axis:#8a8a84;--bad:#a32020;--link:#00528a;--bar:#00609c}
@media (prefers-color-scheme:dark){:root{--page:#16171a;--card:#1d1f23;--ink:#e7e6e1;--soft:#a5a59e;--line:#33363b;--axis:#70737a;--bad:#ff9a90;--link:#8cc8f5;--bar:#6bbcf2}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:1.0625rem/1.6 Charter,'Bitstream Charter','Sitka Text',Cambria,Georgia,'DejaVu Serif',serif;text-rendering:optimizeLegibility}
main{max-width:62rem;margin:0 auto;padding:3.5rem clamp(1rem,4vw,3rem) 4rem}
p{margin:0 0 1rem;max-width:42rem}
h1{font-size:clamp(1.7rem,4.5vw,2.5rem);line-height:1.18;font-weight:600;letter-spacing:-.012em;margin:0 0 1rem}
h2{font-size:1.08rem;line-height:1.4;font-weight:600;margin:0 0 .6rem}
.output:has(#labels:empty) h2{display:none}
.button,.note,#hint,#loading,#labels,#message{font-family:system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
.lead{font-size:1.18rem;line-height:1.55;margin-bottom:2rem}
.notice{border-left:3px solid var(--bad);padding:.2rem 0 .2rem 1rem}
.notice:empty{display:none}
.notice p{margin-bottom:.5rem}
.served{display:none;margin-bottom:2rem}
.file .served{display:block}.file .work,.file .lead{display:none}
.work{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:2rem}
#stage{display:grid;grid-template:minmax(0,1fr)/minmax(0,1fr);place-items:center;aspect-ratio:1;background:var(--card);border:1px dashed var(--axis);border-radius:6px;overflow:hidden}
#stage>*{grid-area:1/1}
#stage img,#stage video{width:100%;height:100%;object-fit:contain}
#stage:has(img:not([hidden]),video:not([hidden])){border:1px solid var(--line)}
.over #stage{border:2px solid var(--link)}
#hint{color:var(--soft);margin:0;padding:1rem;text-align:center}
.controls{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0 0}
.button{font-size:.94rem;line-height:1.4;color:var(--ink);background:var(--card);border:1px solid var(--axis);border-radius:6px;padding:.55rem 1rem;cursor:pointer}
.button:hover{border-color:var(--ink)}
.button:disabled,.button:has(:disabled){color:var(--soft);border-color:var(--line);cursor:default}
.button:focus-visible,.button:focus-within:has(:focus-visible){outline:2px solid var(--link);outline-offset:3px}
#loading{font-size:.94rem}
#loaded{color:var(--soft);font-variant-numeric:tabular-nums}
progress{display:block;width:100%;height:.5rem;margin-top:.5rem;accent-color:var(--bar)}
#labels{list-style:none;margin:0 0 1rem;padding:0;font-size:.94rem;line-height:1.4;transition:opacity .2s}
#labels[aria-busy]{opacity:.45}
#labels li{display:grid;grid-template-columns:1fr auto;gap:.1rem 1rem;padding:.55rem 0 .6rem;border-top:1px solid var(--line)}
#labels li:last-child{border-bottom:1px solid var(--line)}
#labels li:first-child{font-weight:600}
#labels span{overflow-wrap:anywhere}
#labels data{font-variant-numeric:tabular-nums;white-space:nowrap}
#labels i{grid-column:1/-1;height:.3rem;min-width:1px;border-radius:2px;background:var(--bar)}
.note{font-size:.86rem;line-height:1.5;color:var(--soft);margin:0;font-variant-numeric:tabular-nums}
#facts{margin-top:2.5rem;padding-top:1rem;border-top:1px solid var(--line);max-width:none}
#facts:empty{display:none}
code,pre{font:.88em/1.5 ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace}
pre{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.85rem 1rem;overflow-x:auto;max-width:42rem;margin:0 0 .5rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:44rem){main{padding-top:2rem}body{font-size:1rem}.lead{font-size:1.0625rem;margin-bottom:1.25rem}.work{grid-template-columns:minmax(0,1fr);gap:1.5rem}#stage{aspect-ratio:4/3}.controls{gap:.5rem}.button{flex:1 1 auto;padding:.55rem .7rem;text-align:center}}
@media (pointer:coarse){#hint{visibility:hidden}}
@media (prefers-reduced-motion){#labels{transition:none}}
`
