// Makes what the desk's pages are dressed in: `node build.mjs FROM TO`.
// FROM holds node_modules as the lock file names them; TO is emptied and filled. Each file stands there as it is, and compressed.
import { readFileSync, writeFileSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { createRequire } from 'node:module'

const [from, to] = process.argv.slice(2)
const here = dirname(fileURLToPath(import.meta.url))
const modules = join(from, 'node_modules')
const sass = createRequire(pathToFileURL(join(from, 'package.json')))('sass')

const styles = sass.compile(join(here, 'desk.scss'), {
  style: 'compressed',
  loadPaths: [from, modules, here],
  quietDeps: true,
})

const files = {
  'desk.css': styles.css,
  'desk.js': readFileSync(join(here, 'desk.js')),
  'govuk-frontend.min.js': readFileSync(join(modules, 'govuk-frontend/dist/govuk/govuk-frontend.min.js'), 'utf8')
    .replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n'),
  'mark.svg': readFileSync(join(here, 'mark.svg')),
}

rmSync(to, { recursive: true, force: true })
mkdirSync(to, { recursive: true })
for (const [name, content] of Object.entries(files)) {
  const bytes = Buffer.from(content)
  writeFileSync(join(to, name), bytes)
  writeFileSync(join(to, `${name}.gz`), gzipSync(bytes, { level: 9 }))
  writeFileSync(join(to, `${name}.br`), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
}
