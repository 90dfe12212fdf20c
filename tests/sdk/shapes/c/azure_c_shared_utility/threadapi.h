#pragma once

void ThreadAPI_Sleep(unsigned int milliseconds);
