package api

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"

	"jol/models"
)

func init() {
	openapi3filter.RegisterBodyDecoder("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", openapi3filter.PlainBodyDecoder)
}

// exportSamples are the forms a release leaves the service in.
func (p *population) exportSamples(t *testing.T) map[string]sample {
	t.Helper()
	analyst := p.as(t, models.RoleMinistryAnalyst)
	of := func(after string) sample {
		return sample{who: analyst, path: "/api/v1/releases/" + p.release + after, absent: absent("/api/v1/releases/", after)}
	}
	export := of("/exports/csv")
	export.absent = append(export.absent, absent("/api/v1/releases/"+p.release+"/exports/", "")...)
	worksheet := of("/worksheets/tdi")
	worksheet.absent = append(worksheet.absent, absent("/api/v1/releases/"+p.release+"/worksheets/", "")...)
	return map[string]sample{
		"GET /api/v1/releases/:id/exports/:format":       export,
		"GET /api/v1/releases/:id/report":                of("/report"),
		"GET /api/v1/releases/:id/worksheets/:worksheet": worksheet,
	}
}
