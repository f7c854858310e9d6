package detect

import "github.com/klauspost/compress/s2"

// Head is what Add was given of an event that takes part in a hit.
type Head struct {
	Text   []byte
	Origin string
}

// packer keeps heads of events small. Most of the events that a correlation waits with never become part of a hit, so that
// their heads are only held: compressed against the first one, which most others resemble, a record takes a quarter of its
// room and less.
type packer struct {
	like *s2.Dict
	buf  []byte
}

// packed is a Head as it is kept.
type packed struct {
	text   []byte
	origin string
}

// maxLike bounds the text that others are compressed against.
const maxLike = 16 << 10

func (p *packer) pack(text []byte, origin string) packed {
	if p.like == nil {
		first := append([]byte(nil), text[:min(len(text), maxLike)]...)
		for len(first) < s2.MinDictSize {
			first = append(first, ' ')
		}
		p.like = s2.MakeDict(first, nil)
	}
	p.buf = p.like.Encode(p.buf[:cap(p.buf)], text)
	return packed{append(make([]byte, 0, len(p.buf)), p.buf...), origin}
}

func (p *packer) unpack(at packed) Head {
	text, err := p.like.Decode(nil, at.text)
	if err != nil {
		return Head{Origin: at.origin} // cannot be: the bytes never left this process
	}
	return Head{text, at.origin}
}
