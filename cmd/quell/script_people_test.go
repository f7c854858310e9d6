package main

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quell-ir/quell/source/geo/geotest"
)

// geofiles writes city.mmdb and asn.mmdb: three places and a cloud, on addresses reserved for documentation.
func geofiles(ts *testscript.TestScript, _ bool, _ []string) {
	cities, err := geotest.Cities(map[string]geotest.City{
		"198.51.100.0/24": {City: "Lisbon", Country: "Portugal", Code: "PT", Lat: 38.72, Lon: -9.14, Radius: 20},
		"203.0.113.0/24":  {City: "Sydney", Country: "Australia", Code: "AU", Lat: -33.87, Lon: 151.21, Radius: 50},
		"2001:db8::/32":   {Country: "Japan", Code: "JP"},
	})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("city.mmdb"), cities, 0o600))
	networks, err := geotest.ASNs(map[string]geotest.ASN{"203.0.113.0/24": {Number: 14061, Owner: "Cloud"}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("asn.mmdb"), networks, 0o600))
}
