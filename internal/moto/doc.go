// Package moto starts the AWS emulator that the tests over the wire talk to.
//
// What comes in: a test, and the environment QUELL_TEST_MOTO that names the moto_server to start; `make test` installs one
// and sets it. What goes out: a Server with its address, a way to empty it, and an aws.Config for it. What is promised: one
// process per test binary, on a free port of the loopback, that ends with the binary's tests and however they end; a
// machine without moto skips these tests and says how to get it. Read package action/actiontest next.
package moto
