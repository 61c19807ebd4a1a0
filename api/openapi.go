package api

// The general part of the OpenAPI description. Operations are described above their
// handlers; what the route table knows (security, required headers, failures) is
// added from the table, so it cannot be forgotten or contradict it: see
// openapi_test.go, which writes docs/openapi.json.

//	@title			Jol
//	@version		1.0
//	@description	Treatment case management and protocol reference for drug dependence services in Central Asia.
//	@description
//	@description	Protocol content, code lists and sign-in are public; everything else needs a bearer token from `POST /api/v1/tokens`.
//	@description	Failures are problem documents (RFC 9457) with a stable `code`. What is absent and what is not yours to see get the same answer.
//	@license.name	Apache-2.0
//	@accept			json
//	@produce		json
