// Everything works without this. It makes the patterns' own scripts run, and says when something new has come: it never
// changes what a person is reading or typing.
import { initAll } from './govuk-frontend.min.js'

document.body.classList.add('js-enabled', ...('noModule' in HTMLScriptElement.prototype ? ['govuk-frontend-supported'] : []))
initAll()

const news = document.querySelector('[data-live]')
if (news && 'EventSource' in window) {
  const words = news.querySelector('[data-live-words]')
  const link = news.querySelector('a')
  const seen = new Set()
  const source = new EventSource(news.dataset.live)
  source.addEventListener('listening', () => {
    if (news.dataset.listening && !seen.size) { // it was cut off, and nobody told it what came meanwhile
      words.textContent = 'This page was cut off for a time. Something may have come or changed.'
      news.hidden = false
    }
    news.dataset.listening = 'true'
  })
  source.addEventListener('news', (event) => {
    seen.add(JSON.parse(event.data).id)
    words.textContent = seen.size === 1 ? '1 alert has come or changed.' : `${seen.size} alerts have come or changed.`
    news.hidden = false
  })
  link.addEventListener('click', (event) => {
    event.preventDefault()
    window.location.reload()
  })
  window.addEventListener('pagehide', () => source.close())
}

// Figures that are watched: once somebody says so, the page is read again by itself, and not while it is out of sight or words are marked.
const main = document.querySelector('#main-content')
let watching = null
const offer = (pressed) => {
  const line = main.querySelector('[data-again]')
  if (!line || !('fetch' in window)) return
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'bus-again__watch'
  button.setAttribute('aria-pressed', String(pressed))
  button.textContent = pressed ? `Read again each ${line.dataset.again} seconds: stop` : `Read again each ${line.dataset.again} seconds`
  button.addEventListener('click', () => {
    clearInterval(watching)
    watching = watching ? null : setInterval(again, Number(line.dataset.again) * 1000)
    button.remove()
    offer(Boolean(watching)).focus()
  })
  line.append(' ', button)
  return button
}
const again = async () => {
  if (document.hidden || !window.getSelection().isCollapsed) return
  let answer = null
  try {
    answer = await fetch(window.location.href, { headers: { 'desk-by-itself': 'yes' }, redirect: 'manual' })
  } catch { /* the desk cannot be reached: said below */ }
  if (!answer || !answer.ok) { // signed out, too long idle, or cut off: old figures must not pass for new ones
    clearInterval(watching)
    watching = null
    main.querySelector('[data-again]').replaceChildren('These figures are no longer read again. ', Object.assign(document.createElement('a'), { href: window.location.href, className: 'govuk-link', textContent: 'Read again' }))
    return
  }
  const held = document.activeElement && document.activeElement.className === 'bus-again__watch'
  const read = new DOMParser().parseFromString(await answer.text(), 'text/html')
  main.replaceChildren(...read.querySelector('#main-content').childNodes)
  const button = offer(true)
  if (held && button) button.focus()
}
if (main) offer(false)
