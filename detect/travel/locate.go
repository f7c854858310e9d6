package travel

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
)

// Place is what is known of where an address is.
type Place struct {
	Country, City string
	// Lat and Lon are degrees; RadiusKM is how far around them the address may be. Known says that they are there.
	Lat, Lon, RadiusKM float64
	Known              bool
	// Network is the number of the autonomous system that announces the address, Owner its name; 0 and "" where unknown.
	Network uint32
	Owner   string
}

// Locator knows where addresses are. False means that it does not know this one.
type Locator interface {
	Locate(addr netip.Addr) (Place, bool)
}

// String is the place for people: "Lisbon, Portugal".
func (p Place) String() string {
	// Names first; where a file has none, the numbers are better than nothing.
	words := []string{}
	for _, w := range []string{p.City, p.Country} {
		if w != "" {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		return fmt.Sprintf("%.1f, %.1f", p.Lat, p.Lon)
	}
	return strings.Join(words, ", ")
}

// earthKM is the mean radius of the Earth in kilometres.
const earthKM = 6371.0088

// Distance is the great-circle distance in kilometres by the haversine formula, which is exact enough for small distances too.
func Distance(a, b Place) float64 {
	// Through h and not through the cosine rule, which loses all its digits for two ends of one town.
	rad := func(deg float64) float64 { return deg * math.Pi / 180 }
	half := func(x float64) float64 { s := math.Sin(x / 2); return s * s }
	h := half(rad(b.Lat-a.Lat)) + math.Cos(rad(a.Lat))*math.Cos(rad(b.Lat))*half(rad(b.Lon-a.Lon))
	// Rounding may lift h above one for opposite ends of the Earth, where the arcsine has no answer.
	return 2 * earthKM * math.Asin(math.Sqrt(min(1, h)))
}

// sure is the distance that is left when both places are as near to each other as their radii allow.
func sure(a, b Place) float64 { return max(0, Distance(a, b)-a.RadiusKM-b.RadiusKM) }
