package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jol/models"
	"jol/models/store/storetest"
)

// story is one person followed through many organisations. After every request exactly
// one organisation must be responsible, and after every moment what each organisation can
// see is written down as the difference from the moment before.
type story struct {
	*world
	t       *testing.T
	readers []*onlooker
	by      map[string]*onlooker
	ids     map[string]string // of ids, codes and slips, to names that stay
	counted map[string]int
	out     strings.Builder
}

// onlooker is one organisation with the account that looks on its behalf.
type onlooker struct {
	account
	name string
	code string          // of its own client, once it has one
	seen map[string]bool // lines of the last moment
}

// reads are what a reader calls to see all it can; a role that may not call one is left
// out. The last three name a client by the code its sector would use.
var reads = []string{
	"referrals", "dose-transfers", "custody-transfers", "custody-spells", "release-cases", "release-handovers", "tasks", "notices", "overdoses", "naloxone-kits",
	"functional-notes", "supervisions", "double-dosing", "alerts", "break-glass", "access-passes", "agreements", "clients/:code", "clients/:code/pathway", "clients/:code/dose-orders",
}

func (s *story) onlooker(name string, role models.Role, org *models.Organisation) *onlooker {
	r := &onlooker{account: s.at(s.t, role, org, 1), name: name, seen: map[string]bool{}}
	s.readers = append(s.readers, r)
	s.by[name] = r
	if _, there := s.ids[string(org.ID)]; !there {
		s.ids[string(org.ID)] = name
	}
	s.ids[string(r.ID)] = "user of " + name
	return r
}

// do sends one request of the story as a reader.
func (s *story) do(sc Scenario) Answer {
	s.t.Helper()
	a := s.run(s.t, sc)
	if a.Status != sc.Status {
		s.t.FailNow()
	}
	s.responsible()
	return a
}

// make creates something, and names it in the golden file.
func (s *story) make(who *onlooker, name, path string, body object) string {
	s.t.Helper()
	n := s.do(creating(who.account, "/api/v1/"+path, body.String(), http.StatusCreated)).named(s.t)
	if n.ID != "" {
		s.ids[n.ID] = name
	}
	return n.ID
}

// act makes a move of a record on the version that the reader sees now.
func (s *story) act(who *onlooker, path, action string, body object) Answer {
	s.t.Helper()
	etag := s.get(s.t, who.account, "/api/v1/"+path).Header.Get("ETag")
	text := ""
	if body != nil {
		text = body.String()
	}
	return s.do(changing(who.account, http.MethodPost, "/api/v1/"+path+"/"+action, etag, text, http.StatusOK))
}

// pass lets time go by; tokens do not last so long.
func (s *story) pass(d time.Duration) {
	s.t.Helper()
	s.Advance(d)
	for _, r := range s.readers {
		token, err := s.IssueToken(s.t.Context(), r.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		r.Token = token.Token
	}
}

// responsible is who is, for each person that records are joined to: one organisation that
// has a record of the person. People are one human being here, so that more than one is
// somebody whose records nobody has joined yet.
func (s *story) responsible() []string {
	s.t.Helper()
	holders, in := map[string][]string{}, map[string]string{}
	var people []string
	for _, row := range s.rows(s.t, "SELECT c.person_id, p.responsible_id, c.organisation_id FROM clients c LEFT JOIN persons p ON p.id = c.person_id ORDER BY c.id") {
		if holders[row[0]] == nil {
			people = append(people, row[0])
		}
		holders[row[0]], in[row[0]] = append(holders[row[0]], row[2]), row[1]
	}
	lines := make([]string, len(people))
	for i, person := range people {
		if !slices.Contains(holders[person], in[person]) {
			s.t.Errorf("responsible is %s, which has no record of the person", s.ids[in[person]])
		}
		names := make([]string, len(holders[person]))
		for j, org := range holders[person] {
			names[j] = s.ids[org]
		}
		lines[i] = "Responsible: " + s.ids[in[person]] + " (records of " + strings.Join(names, ", ") + ")"
	}
	return lines
}

// moment writes down what everybody sees now.
func (s *story) moment(title string) {
	s.t.Helper()
	fmt.Fprintf(&s.out, "\n## %s\n%s. %s\n", title, s.Now().In(time.FixedZone("", 5*3600)).Format("2 January 15:04"), strings.Join(s.responsible(), "; "))
	var unchanged []string
	for _, r := range s.readers {
		lines := s.view(r)
		var b strings.Builder
		now := map[string]bool{}
		for _, line := range lines {
			if now[line] = true; !r.seen[line] {
				b.WriteString("+ " + line + "\n")
			}
		}
		var gone []string
		for line := range r.seen {
			if name, _, _ := strings.Cut(line, ","); !now[line] && !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, name+",") }) {
				gone = append(gone, "- "+line+"\n")
			}
		}
		slices.Sort(gone)
		b.WriteString(strings.Join(gone, ""))
		r.seen = now
		if b.Len() == 0 {
			unchanged = append(unchanged, r.name)
			continue
		}
		fmt.Fprintf(&s.out, "\n### %s\n%s", r.name, b.String())
	}
	if len(unchanged) > 0 {
		fmt.Fprintf(&s.out, "\nAs before: %s.\n", strings.Join(unchanged, ", "))
	}
}

// view is all that a reader can call, one line for each item.
func (s *story) view(r *onlooker) []string {
	s.t.Helper()
	var lines []string
	for _, read := range reads {
		route, _, ok := routeOf(http.MethodGet, "/api/v1/"+read)
		if !ok {
			s.t.Fatalf("no route %s", read)
		}
		if !realPolicies().Allow(r.Role, route.Category, route.Verb) {
			continue
		}
		code := r.code
		if code == "" && strings.Contains(read, ":code") {
			if code = s.codeInSector(r.Org.Kind); code == "" {
				continue
			}
		}
		sc := Scenario{Path: "/api/v1/" + strings.Replace(read, ":code", code, 1) + limitOf(route), Token: r.Token}
		a := sc.send(s.t, s.base)
		conform(s.t, sc, a)
		s.checkTold(r, read, a)
		noun := strings.TrimPrefix(strings.TrimPrefix(read, "clients/:code"), "/")
		if noun == "" {
			noun = "client"
		}
		var page struct {
			Items []json.RawMessage
			Code  string
		}
		a.Into(s.t, &page)
		switch {
		case a.Status != http.StatusOK:
			lines = append(lines, fmt.Sprintf("%s: %d %s", noun, a.Status, page.Code))
		case page.Items == nil:
			lines = append(lines, noun+" "+s.plain(noun, a.Body))
		}
		for _, item := range page.Items {
			lines = append(lines, noun+" "+s.plain(noun, item))
		}
	}
	return lines
}

func limitOf(r Route) string {
	if slices.Contains(r.Query, "limit") {
		return "?limit=200"
	}
	return ""
}

// checkTold holds what an organisation is told to what is: who is responsible, and what it
// can do with a record.
func (s *story) checkTold(r *onlooker, read string, a Answer) {
	s.t.Helper()
	var told []string
	switch read {
	case "clients/:code":
		var client struct{ ResponsibleOrganisation string }
		a.Into(s.t, &client)
		told = append(told, client.ResponsibleOrganisation)
	case "release-handovers":
		var page struct{ Items []struct{ Responsible bool } }
		a.Into(s.t, &page)
		for _, h := range page.Items {
			told = append(told, map[bool]string{true: string(r.Org.ID)}[h.Responsible])
		}
	}
	for _, line := range strings.Split(string(a.Body), `{"id":`) {
		if by := organisation.FindStringSubmatch(line); by != nil && by[1] != string(r.Org.ID) && strings.Contains(line, `"allowed":["`) {
			s.t.Errorf("%s offers %s moves of another's record: %s", read, r.name, line)
		}
	}
	for _, org := range told {
		is := s.rows(s.t, "SELECT p.responsible_id FROM clients c JOIN persons p ON p.id = c.person_id WHERE c.organisation_id = '"+string(r.Org.ID)+"'")
		if org != "" && (len(is) != 1 || is[0][0] != org) {
			s.t.Errorf("%s tells %s that %s is responsible; it is %v", read, r.name, s.ids[org], is)
		}
	}
}

var organisation = regexp.MustCompile(`"organisation":"([^"]+)"`)

// codeInSector is the code that the person would have in an organisation of the kind.
func (s *story) codeInSector(kind models.OrganisationKind) string {
	s.t.Helper()
	sector, ok := kind.Sector()
	if !ok {
		return ""
	}
	keys, p := storetest.TestKeys(), storetest.Someone(1)
	linker, err := models.NewLinker("KZ", keys.Country, keys.Sector)
	if err != nil {
		s.t.Fatal(err)
	}
	uic, err := models.NewUIC(p.Country, p.Sex, p.BirthYear, p.MotherInitials, p.FatherInitials)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(linker.Code(linker.Link(uic), sector))
}

var (
	unstable = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[CNP]1(-[0-9A-Z]+)+(\.[0-9]+)?|"slip":"[^"]+"`)
	// empty is what says nothing, and the two names that are the same all over.
	empty = regexp.MustCompile(`"[a-zA-Z]+":(null|false|""|\[\]|\{\}),?|"(protocol|edition)":"[^"]*",?`)
)

// plain is a JSON value with ids, codes and slips replaced by names, without what is empty.
func (s *story) plain(noun string, raw []byte) string {
	text := unstable.ReplaceAllStringFunc(string(raw), func(found string) string {
		name, ok := s.ids[found]
		if !ok {
			kind := noun
			if strings.HasPrefix(found, `"slip"`) {
				kind = "slip"
			} else if uuid.Validate(found) != nil {
				return "code " + found // nobody in the story has it
			}
			s.counted[kind]++
			if name = fmt.Sprintf("%s %d", kind, s.counted[kind]); kind == "slip" {
				name = `"slip":"` + name + `"`
			}
			s.ids[found] = name
		}
		return name
	})
	return strings.ReplaceAll(empty.ReplaceAllString(text, ""), ",}", "}")
}
