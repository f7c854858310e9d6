package geo_test

import (
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/travel"
	"github.com/quell-ir/quell/source/geo"
	"github.com/quell-ir/quell/source/geo/geotest"
)

// save writes a file into the test's folder.
func save(t testing.TB, name string, data []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func cityFile(t testing.TB) string {
	t.Helper()
	data, err := geotest.Cities(map[string]geotest.City{
		"198.51.100.0/24": {City: "Lisbon", Country: "Portugal", Code: "PT", Lat: 38.72, Lon: -9.14, Radius: 20},
		"203.0.113.0/24":  {Country: "Germany", Code: "DE"},
		"192.0.2.0/24":    {City: "Ev\x1b[31mil\u202e", Country: "Nowhere", Code: "ZZ"},
		"192.0.2.128/25":  {City: "Far", Country: "Nowhere", Code: "ZZ", Lat: 900, Lon: 1},
		"2001:db8::/32":   {City: "Sydney", Country: "Australia", Code: "AU", Lat: -33.87, Lon: 151.21},
	})
	return save(t, "city.mmdb", data, err)
}

func asnFile(t testing.TB) string {
	t.Helper()
	data, err := geotest.ASNs(map[string]geotest.ASN{
		"198.51.100.0/25": {Number: 64500, Owner: "Example"}, "100.64.0.0/10": {Number: 16509, Owner: "Cloud"},
	})
	return save(t, "asn.mmdb", data, err)
}

func TestLocate(t *testing.T) {
	db, err := geo.Open(cityFile(t), asnFile(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tests := []struct {
		addr   string
		place  string
		known  bool
		radius float64
		number uint32
	}{
		{"198.51.100.7", "Lisbon, Portugal", true, 20, 64500},
		{"198.51.100.200", "Lisbon, Portugal", true, 20, 0},
		{"::ffff:198.51.100.7", "Lisbon, Portugal", true, 20, 64500},
		{"203.0.113.9", "Germany", true, 520, 0}, // of the country alone its middle is known
		{"2001:db8::1", "Sydney, Australia", true, 200, 0},
		{"2001:db9::1", "0.0, 0.0", false, 0, 0},
		{"192.0.2.200", "Far, Nowhere", false, 0, 0}, // coordinates that cannot be
		{"100.64.1.1", "0.0, 0.0", false, 0, 16509},
	}
	for _, tt := range tests {
		p, found := db.Locate(netip.MustParseAddr(tt.addr).Unmap())
		if travel.Place(p).String() != tt.place || p.Known != tt.known || p.RadiusKM != tt.radius || p.Network != tt.number || found != (tt.known || tt.number != 0) {
			t.Errorf("%s: %+v, found %v", tt.addr, p, found)
		}
	}
	if p, _ := db.Locate(netip.MustParseAddr("192.0.2.1")); strings.ContainsAny(p.City, "\x1b\u202e") {
		t.Errorf("text of the file is not clean: %q", p.City)
	}
	if db.Built().Year() != 2026 {
		t.Errorf("built %v", db.Built())
	}
}

func TestOpenRefuses(t *testing.T) {
	city, asn := cityFile(t), asnFile(t)
	junk := save(t, "junk.mmdb", []byte("this is no such file"), nil)
	for name, tt := range map[string]struct{ places, networks, why string }{
		"missing":         {"nowhere.mmdb", "", "nowhere.mmdb"},
		"no such format":  {junk, "", "--geo"},
		"networks first":  {asn, "", `kind "GeoLite2-ASN"`},
		"places twice":    {city, city, "--asn"},
		"missing network": {city, "nowhere.mmdb", "nowhere.mmdb"},
	} {
		db, err := geo.Open(tt.places, tt.networks)
		if db != nil || quell.CodeOf(err) != quell.CodeUsage || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: %v, %v", name, db, err)
		}
	}
}

// Every country lies on the Earth, and neighbours' circles meet.
func TestCountries(t *testing.T) {
	places := map[string]geotest.City{}
	codes := strings.Fields("AD AE AR AT AU BE BR CA CH CL CN CZ DE DK EG ES FI FR GB GR HK HU IE IL IN IT JP KR LU MX NG NL NO NZ PL PT RU SE SG TR UA US ZA")
	for i, code := range codes {
		places[netip.AddrFrom4([4]byte{198, 51, byte(i), 0}).String()+"/24"] = geotest.City{Country: code, Code: code}
	}
	data, err := geotest.Cities(places)
	db, err := geo.Open(save(t, "country.mmdb", data, err), "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	at := map[string]travel.Place{}
	for i, code := range codes {
		p, ok := db.Locate(netip.AddrFrom4([4]byte{198, 51, byte(i), 1}))
		if !ok || math.Abs(p.Lat) > 90 || math.Abs(p.Lon) > 180 || p.RadiusKM < 50 || p.RadiusKM > 5000 {
			t.Errorf("%s: %+v", code, p)
		}
		at[code] = travel.Place(p)
	}
	gap := func(a, b string) float64 { return travel.Distance(at[a], at[b]) - at[a].RadiusKM - at[b].RadiusKM }
	for _, pair := range []string{"DE FR", "ES PT", "US CA", "US MX", "CN RU", "BE LU", "AT CZ"} {
		if a, b, _ := strings.Cut(pair, " "); gap(a, b) > 0 {
			t.Errorf("%s do not touch: %.0f km", pair, gap(a, b))
		}
	}
	for _, pair := range []string{"DE AU", "PT JP", "GB BR", "US IN", "SG DE"} {
		if a, b, _ := strings.Cut(pair, " "); gap(a, b) < 500 {
			t.Errorf("%s are not far apart: %.0f km", pair, gap(a, b))
		}
	}
}

// A damaged file never ends the program.
func FuzzLocate(f *testing.F) {
	good, err := os.ReadFile(cityFile(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(200, byte(0xff), uint32(0xc6336407))
	f.Add(len(good)-20, byte(0), uint32(1))
	f.Fuzz(func(t *testing.T, at int, with byte, addr uint32) {
		data := append([]byte{}, good...)
		if at < 0 {
			at = -(at + 1)
		}
		data[at%len(data)] ^= with
		db, err := geo.Open(save(t, "f.mmdb", data, nil), "")
		if err != nil {
			return
		}
		defer db.Close()
		p, _ := db.Locate(netip.AddrFrom4([4]byte{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)}))
		if p.Known && (math.Abs(p.Lat) > 90 || math.IsNaN(p.Lon)) {
			t.Errorf("%+v", p)
		}
	})
}
