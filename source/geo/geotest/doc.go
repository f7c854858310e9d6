// Package geotest writes files in MaxMind's format for tests: small, of invented facts, on addresses reserved for documentation.
//
// What comes in: places by network. What goes out: the bytes of a .mmdb file. What is promised: the same places give a file
// that reads the same. Only tests import it. Read package geo for what reads such files.
package geotest
