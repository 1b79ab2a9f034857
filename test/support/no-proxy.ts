/** Before each test file: a proxy of the machine the tests run on would be asked instead of the tests' servers. */
for (const name of Object.keys(process.env)) {
  if (/^(https?|all)_proxy$/iu.test(name)) delete process.env[name];
}
