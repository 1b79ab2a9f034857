/** The least that a program of Node's can be. */
process.exitCode = 0;
