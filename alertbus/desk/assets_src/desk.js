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
