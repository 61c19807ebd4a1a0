package exchange

import "encoding/json"

// Bundle is the answer to a search: every match, in one page.
type Bundle struct {
	ResourceType string  `json:"resourceType"`
	Type         string  `json:"type"`
	Total        int     `json:"total"`
	Link         []Link  `json:"link"`
	Entry        []Entry `json:"entry,omitempty"`
}

// Link is relative to the base address of the service, which the writer does not know.
type Link struct {
	Relation string `json:"relation"`
	URL      string `json:"url"`
}

// Entry is one match.
type Entry struct {
	FullURL  string          `json:"fullUrl"`
	Resource json.RawMessage `json:"resource"`
	Search   struct {
		Mode string `json:"mode"`
	} `json:"search"`
}

// NewBundle returns an empty search result; self is the search as it was understood.
func NewBundle(self string) Bundle {
	return Bundle{ResourceType: "Bundle", Type: "searchset", Link: []Link{{"self", self}}}
}

// Add appends a match, a finished resource, under its canonical address.
func (b *Bundle) Add(url string, resource []byte) {
	e := Entry{FullURL: url, Resource: resource}
	e.Search.Mode = "match"
	b.Entry = append(b.Entry, e)
	b.Total++
}
