// Package geo tells where addresses are, from files in MaxMind's format.
//
// What comes in: the paths of a City or Country file and, where there is one, of an ASN file. What goes out: a DB, through
// which package detect/travel locates sign-ins. What is promised: no address leaves the machine; a file of another kind is
// refused when it is opened; a damaged one answers "not known" for what cannot be read in it and never ends the program.
//
// A Country file has no coordinates: there the country's middle stands for the address, with a radius that reaches its
// borders. Read open_files.go next, and name_countries.go for the countries.
package geo
