package geotest

import (
	"bytes"
	"fmt"
	"net"
	"slices"

	"maps"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// City is what a City file says of a network. Coordinates are left out where both are zero, the radius where it is.
type City struct {
	City, Country, Code string
	Lat, Lon            float64
	Radius              uint16
}

// ASN is what an ASN file says of a network.
type ASN struct {
	Number uint32
	Owner  string
}

// Cities writes a file of the kind GeoLite2-City.
func Cities(places map[string]City) ([]byte, error) {
	return write("GeoLite2-City", places, func(p City) mmdbtype.Map {
		// The nesting of MaxMind's own files; names lie below a language.
		name := func(s string) mmdbtype.Map { return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(s)}} }
		country := name(p.Country)
		country["iso_code"] = mmdbtype.String(p.Code)
		out := mmdbtype.Map{"country": country}
		if p.City != "" {
			out["city"] = name(p.City)
		}
		if p.Lat != 0 || p.Lon != 0 {
			at := mmdbtype.Map{"latitude": mmdbtype.Float64(p.Lat), "longitude": mmdbtype.Float64(p.Lon)}
			if p.Radius != 0 {
				at["accuracy_radius"] = mmdbtype.Uint16(p.Radius)
			}
			out["location"] = at
		}
		return out
	})
}

// ASNs writes a file of the kind GeoLite2-ASN.
func ASNs(networks map[string]ASN) ([]byte, error) {
	return write("GeoLite2-ASN", networks, func(n ASN) mmdbtype.Map {
		return mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(n.Number), "autonomous_system_organization": mmdbtype.String(n.Owner)}
	})
}

func write[T any](kind string, entries map[string]T, record func(T) mmdbtype.Map) ([]byte, error) {
	// A fixed date, so that the same places give the same bytes; documentation networks are reserved, and all that tests use.
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, RecordSize: 24, IncludeReservedNetworks: true, BuildEpoch: 1_767_225_600})
	if err != nil {
		return nil, fmt.Errorf("make a tree: %w", err)
	}
	// The order of entries decides about those that overlap, and a map has none.
	for _, cidr := range slices.Sorted(maps.Keys(entries)) {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			return nil, fmt.Errorf("read the network: %w", err)
		}
		if err := tree.Insert(network, record(entries[cidr])); err != nil {
			return nil, fmt.Errorf("insert %s: %w", cidr, err)
		}
	}
	var out bytes.Buffer
	if _, err := tree.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("write the tree: %w", err)
	}
	return out.Bytes(), nil
}
