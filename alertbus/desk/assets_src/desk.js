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
  source.addEventListener('news', (event) => {
    const { id, since } = JSON.parse(event.data)
    seen.add(id)
    words.textContent = seen.size === 1 ? '1 alert has come or changed.' : `${seen.size} alerts have come or changed.`
    news.dataset.since = since
    news.hidden = false
  })
  link.addEventListener('click', (event) => {
    event.preventDefault()
    window.location.reload()
  })
  window.addEventListener('pagehide', () => source.close())
}
