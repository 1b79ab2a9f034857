/** Runs before each test file: a proxy of the machine would receive the requests to the tests' servers. */
for (const name of Object.keys(process.env)) {
  if (/^(https?|all)_proxy$/iu.test(name)) delete process.env[name];
}
