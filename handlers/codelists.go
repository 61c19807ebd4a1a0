package handlers

import (
	"net/http"

	"jol/models"
)

// ListCodeLists returns every code list.
//
//	@Summary	Code lists
//	@Tags		code lists
//	@Produce	json
//	@Success	200		{object}	CodeListsView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/code-lists [get]
func ListCodeLists(c *PublicCall) error {
	c.Reply["Cache-Control"] = cachePublic
	return c.JSON(http.StatusOK, CodeListsView{Items: models.CodeLists(), Page: PageInfo{}})
}

// CodeListsView is the list of code lists, on one page.
type CodeListsView struct {
	Items []models.CodeList `json:"items"`
	Page  PageInfo          `json:"page"`
}

// GetCodeList returns one code list.
//
//	@Summary	One code list
//	@Tags		code lists
//	@Produce	json
//	@Param		id	path		string	true	"code list, for example substance"
//	@Success	200	{object}	models.CodeList
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/code-lists/{id} [get]
func GetCodeList(c *PublicCall) error {
	l, ok := models.CodeListByID(c.Param("id"))
	if !ok {
		return models.NotFound("code_list")
	}
	c.Reply["Cache-Control"] = cachePublic
	return c.JSON(http.StatusOK, l)
}
