package geo

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/quell-ir/quell"
)

// DB locates addresses. It may be shared by goroutines.
type DB struct {
	places, networks *maxminddb.Reader // networks may be nil
	countries        map[string]centre
}

// Open opens a City or Country file and, unless its name is empty, an ASN file.
func Open(places, networks string) (*DB, error) {
	db := &DB{countries: centres()}
	var err error
	if db.places, err = open(places, "--geo", "City", "Country", "Enterprise"); err != nil {
		return nil, err
	}
	if networks == "" {
		return db, nil
	}
	// An ISP file holds what an ASN file does, and more.
	if db.networks, err = open(networks, "--asn", "ASN", "ISP"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// open opens one file and refuses one whose type names none of the kinds: it would know nothing, without a word.
func open(path, flag string, kinds ...string) (*maxminddb.Reader, error) {
	next := fmt.Sprintf("give %s a file of the kind %s in MaxMind's format", flag, strings.Join(kinds, ", "))
	// Mapped into memory and read where it lies: a City file has a hundred megabytes, and a hunt looks at a few addresses.
	r, err := maxminddb.Open(path)
	if err != nil {
		return nil, &quell.Error{Code: quell.CodeUsage, What: "open " + path, Err: err, Next: next}
	}
	// By a part of the name: GeoLite2-City, GeoIP2-City-Europe and files of other makers in this format.
	for _, kind := range kinds {
		if strings.Contains(r.Metadata.DatabaseType, kind) {
			return r, nil
		}
	}
	what := fmt.Sprintf("%s is a file of the kind %q", path, r.Metadata.DatabaseType)
	return nil, errors.Join(&quell.Error{Code: quell.CodeUsage, What: what, Next: next}, r.Close())
}

// Place is what is known of where an address is. Its fields are those of package detect/travel, which judges journeys: a
// stage and a source do not know each other, and whoever wires them converts one into the other.
type Place struct {
	Country, City string
	// Lat and Lon are degrees, RadiusKM is kilometres. Known says that they are there.
	Lat, Lon, RadiusKM float64
	Known              bool
	// Network is the number of the autonomous system, Owner its name; 0 and "" where unknown.
	Network uint32
	Owner   string
}

// Close lets the files go.
func (db *DB) Close() error {
	err := db.places.Close()
	if db.networks != nil {
		err = errors.Join(err, db.networks.Close())
	}
	return err
}

// Built is when the file of places was made: addresses move, and an old file finds journeys that nobody made.
func (db *DB) Built() time.Time { return time.Unix(int64(db.places.Metadata.BuildEpoch), 0).UTC() }

// cityRecord is what both City and Country files may hold of an address.
// Source: MaxMind, "GeoIP2 and GeoLite City and Country databases", record structure.
type cityRecord struct {
	City struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"city"`
	Country struct {
		ISOCode string            `maxminddb:"iso_code"`
		Names   map[string]string `maxminddb:"names"`
	} `maxminddb:"country"`
	Location struct {
		Latitude  *float64 `maxminddb:"latitude"`
		Longitude *float64 `maxminddb:"longitude"`
		Radius    uint16   `maxminddb:"accuracy_radius"` // kilometres
	} `maxminddb:"location"`
}

// asnRecord is what ASN and ISP files hold.
type asnRecord struct {
	Number uint32 `maxminddb:"autonomous_system_number"`
	Owner  string `maxminddb:"autonomous_system_organization"`
}

// Locate tells what is known of an address; false where nothing is. Text from the files is cleaned: it reaches terminals.
func (db *DB) Locate(addr netip.Addr) (Place, bool) {
	var p Place
	var city cityRecord
	// What cannot be decoded is not known; the address is counted as such by whoever asks.
	if result := db.places.Lookup(addr); result.Found() && result.Decode(&city) == nil {
		// English names are the ones that every file has.
		p.City = quell.Cut(city.City.Names["en"], 60)
		p.Country = quell.Cut(city.Country.Names["en"], 60)
		if p.Country == "" {
			p.Country = quell.Cut(city.Country.ISOCode, 8)
		}
		db.settle(&p, city)
	}
	// The network may be known where the place is not, and tells why.
	if db.networks == nil {
		return p, p.Known
	}
	var network asnRecord
	if result := db.networks.Lookup(addr); result.Found() && result.Decode(&network) == nil {
		p.Network, p.Owner = network.Number, quell.Cut(network.Owner, 60)
	}
	return p, p.Known || p.Network != 0
}

// cityRadius is assumed where a file gives coordinates and no radius, in kilometres: the larger of those that files give for
// cities.
const cityRadius = 200

// settle gives a place its coordinates: those of the record, or the middle of its country.
func (db *DB) settle(p *Place, r cityRecord) {
	// Coordinates that cannot be are as good as none: the country may still be right.
	lat, lon := r.Location.Latitude, r.Location.Longitude
	switch c, known := db.countries[r.Country.ISOCode]; {
	case lat != nil && lon != nil && *lat >= -90 && *lat <= 90 && *lon >= -180 && *lon <= 180:
		p.Lat, p.Lon, p.RadiusKM, p.Known = *lat, *lon, float64(r.Location.Radius), true
		if r.Location.Radius == 0 {
			p.RadiusKM = cityRadius
		}
	case known:
		p.Lat, p.Lon, p.RadiusKM, p.Known = c.lat, c.lon, c.radius, true
	}
}
