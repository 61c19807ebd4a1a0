package handlers

import (
	"net/http"

	"jol/models"
	"jol/models/indicators"
)

// WorksheetView says for each cell of a foreign form where its number is published.
type WorksheetView struct {
	Release   string             `json:"release" cat:"indicator"`
	Worksheet string             `json:"worksheet" cat:"indicator"`
	Title     string             `json:"title" cat:"indicator"`
	Notice    string             `json:"notice" cat:"indicator"`
	Rows      []WorksheetRowView `json:"rows" cat:"indicator"`
}

// WorksheetRowView is one cell, or the cells of one table of the form.
type WorksheetRowView struct {
	Cell    string  `json:"cell" cat:"indicator"`
	Title   string  `json:"title" cat:"indicator"`
	Status  string  `json:"status" enums:"available,not_in_this_release,not_available" cat:"indicator"`
	Release *string `json:"release" cat:"indicator"`
	Table   *string `json:"table" cat:"indicator"`
	Reason  string  `json:"reason" cat:"indicator"`
}

// GetWorksheet returns the worksheet of a release for a foreign form.
//
//	@Summary		Where the numbers of a return come from
//	@Description	tdi: the tables of the TDI return, 8.1.1 to 29.1.2, and their twins for alcohol. unodc: modules A01 to A05 of the annual questionnaire as far as they are known here. Each row names the release and table, or says not available and why.
//	@Tags			indicators
//	@Security		bearer
//	@Produce		json
//	@Param			id			path		string	true	"release id"
//	@Param			worksheet	path		string	true	"form"	Enums(unodc, tdi)
//	@Success		200			{object}	WorksheetView
//	@Success		304
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/releases/{id}/worksheets/{worksheet} [get]
func GetWorksheet(c *Call) error {
	sheet, known := indicators.WorksheetByID(c.Param("worksheet"))
	if !known {
		return models.NotFound("release")
	}
	r, err := c.Store.GetRelease(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	var tables []string
	for _, t := range r.Tables {
		tables = append(tables, t.TableID)
	}
	v := WorksheetView{Release: r.ID, Worksheet: sheet.ID, Title: sheet.Title, Notice: sheet.Notice, Rows: []WorksheetRowView{}}
	for _, row := range sheet.Rows(indicators.Status(r.Status), tables) {
		w := WorksheetRowView{Cell: row.Cell, Title: row.Title, Status: row.Status, Table: optional(row.Table), Reason: row.Reason}
		if row.Status == indicators.CellAvailable {
			w.Release = &r.ID
		}
		v.Rows = append(v.Rows, w)
	}
	c.immutable(r, sheet.ID)
	if matches(c.Header.Get("If-None-Match"), c.Reply.Get("ETag")) {
		c.Status = http.StatusNotModified
		return nil
	}
	return c.JSON(http.StatusOK, v)
}
