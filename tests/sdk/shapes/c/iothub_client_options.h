#pragma once

static const char* const OPTION_AUTO_URL_ENCODE_DECODE = "auto_url_encode_decode";
