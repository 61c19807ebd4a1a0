package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"jol/models"
	"jol/models/exchange"
)

const sealedRelease = "/api/v1/releases/KZ-2026Q2-final"

func TestExport_EveryFormatIsServedOnceAndForAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.sealed(t)
		analyst := w.as(t, models.RoleMinistryAnalyst)
		for format, media := range map[string]string{
			"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
			"dhis2": "application/json", "dhis2-metadata": "application/json", "fhir": "application/fhir+json",
		} {
			path := sealedRelease + "/exports/" + format
			a := w.get(t, analyst, path)
			if a.Header.Get("Content-Type") != media || a.Header.Get("Cache-Control") != "private, immutable" || len(a.Body) == 0 {
				t.Errorf("%s: %v", format, a.Header)
			}
			if saved := a.Header.Get("Content-Disposition"); (format == "csv" || format == "xlsx") != (saved == `attachment; filename="KZ-2026Q2-final.`+format+`"`) {
				t.Errorf("%s: saved as %q", format, saved)
			}
			if a.Header.Get("Link") != `</api/v1/releases/KZ-2026Q2-final/report>; rel="describedby"; type="text/html"` {
				t.Errorf("%s: where is the method? %v", format, a.Header)
			}
			again := w.get(t, analyst, path)
			if !bytes.Equal(a.Body, again.Body) {
				t.Errorf("%s: other bytes the second time", format)
			}
			known := w.run(t, Scenario{Path: path, Token: analyst.Token, Headers: map[string]string{"If-None-Match": a.Header.Get("ETag")}, Status: 304})
			if len(known.Body) > 0 {
				t.Errorf("%s: 304 with a body", format)
			}
			w.refused(t, analyst, path+"?region=KZ-75", 422, "query.unknown_parameter")
			w.refused(t, w.as(t, models.RoleClinician), path, 403, "role.not_allowed")
		}
		w.refused(t, analyst, sealedRelease+"/exports/pdf", 404, "release.not_found")
	})
}

// A world of three people: no format may tell of them.
func TestExport_ShowsNoSmallNumbers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, analyst := w.as(t, models.RoleClinician), w.as(t, models.RoleMinistryAnalyst)
		for n := range 3 {
			code := w.register(t, doctor, n)
			body := strings.Replace(w.episodeBody(), string(w.Today()), "2026-05-04", 1)
			w.run(t, creating(doctor, "/api/v1/clients/"+code+"/episodes", body, 201))
		}
		w.sealed(t)
		records, err := csv.NewReader(bytes.NewReader(w.get(t, analyst, sealedRelease+"/exports/csv").Body)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		head := records[0]
		for _, record := range records[1:] {
			for i, value := range record {
				if (head[i] == "value" || head[i] == "lo95" || head[i] == "hi95") && len(value) == 1 && value > "0" && value < "5" {
					t.Errorf("shown: %v", record)
				}
			}
		}
		var set exchange.DataValueSet
		w.get(t, analyst, sealedRelease+"/exports/dhis2").Into(t, &set)
		for _, v := range set.DataValues {
			if len(v.Value) == 1 && v.Value > "0" && v.Value < "5" {
				t.Errorf("shown: %+v", v)
			}
		}
	})
}

func TestPicture_SpeaksTheReadersLanguage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.sealed(t)
		analyst := w.as(t, models.RoleMinistryAnalyst)
		draw := func(table, lang string, contains ...string) Answer {
			a := w.run(t, Scenario{Path: sealedRelease + "/tables/" + table + ".svg", Token: analyst.Token, Status: 200, Contains: contains,
				Headers: map[string]string{"Accept-Language": lang}})
			wellFormed(t, a.Body)
			if a.Header.Get("Content-Type") != "image/svg+xml" || a.Header.Get("Content-Language") != lang || !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s: %v", table, a.Header)
			}
			return a
		}
		draw("TDI01.sex", "en", `role="img"`, "<desc", "Women", "by sex")
		draw("TDI01.sex", "ru", "Женщины", "по полу", "Казахстан")
		bars := draw("TDI01.region", "kk", "өңірлер", "Абай облысы", "Қазақстан")
		if bars.Header.Get("Cache-Control") != "private, immutable" {
			t.Errorf("%v", bars.Header)
		}
		// A second quarter turns the bar of a total into a line, whose picture grows with it.
		one := draw("TDI01.total", "en")
		w.run(t, creating(w.as(t, models.RoleReleaseSteward), "/api/v1/releases", sealBody("2026Q1", "final", "ministry"), 201))
		two := draw("TDI01.total", "en", "2026Q1", "2026Q2")
		if one.Header.Get("Cache-Control") != "private, no-cache" || one.Header.Get("ETag") == two.Header.Get("ETag") || strings.Contains(string(one.Body), "2026Q1") {
			t.Errorf("%v %v", one.Header, two.Header)
		}
		w.refused(t, analyst, sealedRelease+"/tables/TDI01.zqx.svg", 404, "release.not_in_plan")
		for _, end := range []string{"", ".svg"} { // a table of years, asked of a quarter
			for table, annual := range map[string]bool{"SDG351.total": true, "TDI.drug": true, "TDI01.zqx": false} {
				a := w.refused(t, analyst, sealedRelease+"/tables/"+table+end, 404, "release.not_in_plan")
				if strings.Contains(string(a.Body), "Annual releases hold the table") != annual {
					t.Errorf("%s%s: %s", table, end, a.Body)
				}
			}
		}
		w.refused(t, analyst, sealedRelease+"/tables/TDI01.sex.svg?lang=ru", 422, "release.not_in_plan")
		w.run(t, Scenario{Path: sealedRelease + "/tables/TDI01.sex.svg", Token: analyst.Token, Headers: map[string]string{"Accept": "image/png"}, Status: 406, Code: "media.not_acceptable"})
	})
}

// wellFormed reads the whole document as XML.
func wellFormed(t *testing.T, raw []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(raw))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
	}
}

func TestReport_IsOnePageInThreeLanguages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.sealed(t)
		analyst := w.as(t, models.RoleMinistryAnalyst)
		for lang, words := range map[string][]string{
			"en": {"Treatment situation: Kazakhstan, 2026Q2", "How to read these numbers", "People entering treatment"},
			"ru": {"Ситуация с лечением: Казахстан", "Акмолинская область", "Как читать эти числа", "Лица, начавшие лечение"},
			"kk": {"Емдеу жағдайы: Қазақстан", "Ақмола облысы", "Бұл сандарды қалай оқу керек", "Емдеуге түскен адамдар"},
		} {
			a := w.run(t, Scenario{Path: sealedRelease + "/report", Token: analyst.Token, Status: 200, Contains: append(words, `<html lang="`+lang+`">`, "<svg"),
				Absent: []string{"<script", "http:", "https:"}[:1], Headers: map[string]string{"Accept-Language": lang, "Accept": "text/html"}})
			if csp := a.Header.Get("Content-Security-Policy"); !strings.Contains(csp, exchange.ReportStyle) || strings.Contains(csp, "unsafe") {
				t.Errorf("%s", csp)
			}
			w.run(t, Scenario{Path: sealedRelease + "/report", Token: analyst.Token, Status: 304, Headers: map[string]string{"Accept-Language": lang, "If-None-Match": a.Header.Get("ETag")}})
		}
		w.run(t, Scenario{Path: sealedRelease + "/report", Token: analyst.Token, Status: 406, Code: "media.not_acceptable", Headers: map[string]string{"Accept": "application/pdf"}})
	})
}

func TestWorksheet_NamesTheTableOrTheReason(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.sealed(t)
		analyst := w.as(t, models.RoleMinistryAnalyst)
		for _, name := range []string{"tdi", "unodc"} {
			var sheet struct {
				Release, Notice string
				Rows            []struct {
					Cell, Status, Reason string
					Release, Table       *string
				}
			}
			a := w.get(t, analyst, sealedRelease+"/worksheets/"+name)
			a.Into(t, &sheet)
			if sheet.Release != "KZ-2026Q2-final" || sheet.Notice == "" || len(sheet.Rows) == 0 || a.Header.Get("Cache-Control") != "private, immutable" {
				t.Errorf("%s: %s", name, a.Body)
			}
			available := 0
			for _, row := range sheet.Rows {
				switch {
				case row.Status == "available" && row.Table != nil && row.Release != nil:
					available++
					w.get(t, analyst, sealedRelease+"/tables/"+*row.Table)
				case row.Status == "available" || row.Release != nil || row.Reason == "":
					t.Errorf("%s %+v", name, row)
				}
			}
			if available > 0 { // a quarter holds no TDI table, and the questionnaire asks for the year
				t.Errorf("%s: %d rows available", name, available)
			}
			w.run(t, Scenario{Path: sealedRelease + "/worksheets/" + name, Token: analyst.Token, Status: 304, Headers: map[string]string{"If-None-Match": a.Header.Get("ETag")}})
		}
		w.refused(t, analyst, sealedRelease+"/worksheets/sdmx", 404, "release.not_found")
	})
}

// TestExport_ScriptPullsAQuarter runs the script of docs/exports.md as an analyst would.
func TestExport_ScriptPullsAQuarter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.sealed(t)
		folder := t.TempDir()
		address := w.base
		pull := func(token, release string) ([]byte, error) {
			cmd := exec.CommandContext(t.Context(), "../docs/examples/pull.sh", release, folder)
			cmd.Env = append(os.Environ(), "JOL_URL="+address, "JOL_LANGUAGE=ru")
			cmd.Stdin = strings.NewReader(token + "\n")
			return cmd.CombinedOutput()
		}
		if out, err := pull(w.as(t, models.RoleMinistryAnalyst).Token, "KZ-2026Q2-final"); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		read := func(name string) []byte {
			raw, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			return raw
		}
		records, err := csv.NewReader(bytes.NewReader(read("release.csv"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		counts, shown, value := 0, 0, slices.Index(records[0], "value")
		for _, record := range records[1:] {
			if measure := record[6]; measure == "count" || measure == "numerator" || measure == "denominator" {
				counts++
				if record[value] != "" {
					shown++
				}
			}
		}
		var set exchange.DataValueSet
		if err := json.Unmarshal(read("dhis2.json"), &set); err != nil || len(set.DataValues) != shown {
			t.Errorf("DHIS2 has %d values, CSV shows %d: %v", len(set.DataValues), shown, err)
		}
		if n := strings.Count(string(read("fhir.json")), `"code":"masked"`) + strings.Count(string(read("fhir.json")), `"_count":`); n == 0 || counts == 0 {
			t.Errorf("%d counts, none masked", counts)
		}
		if !strings.Contains(string(read("report.html")), "Ситуация с лечением") || !bytes.HasPrefix(read("release.xlsx"), []byte("PK")) {
			t.Error("report or workbook is not what it should be")
		}
		address += "/"
		if out, err := pull(w.as(t, models.RoleMinistryAnalyst).Token, "KZ-2026Q2-final"); err != nil {
			t.Errorf("an address that ends in a slash: %v: %s", err, out)
		}
		if out, err := pull("jol_wrong", "KZ-2026Q2-final"); err == nil || strings.Contains(string(out), "jol_wrong") || !strings.Contains(string(out), "(token.invalid)") {
			t.Errorf("a wrong token passes, or is printed, or the refusal has no code: %s", out)
		}
		if out, err := pull(w.as(t, models.RoleMinistryAnalyst).Token, "KZ-2026Q3-final"); err == nil || !strings.Contains(string(out), "release.json: Not found (release.not_found)\n") {
			t.Errorf("of a release that is not there it says %s", out)
		}
		if part, err := filepath.Glob(filepath.Join(folder, "*.part")); err != nil || len(part) != 0 {
			t.Errorf("left behind: %v %v", part, err)
		}
	})
}
