/* Runs a TestU01 battery on 32-bit words read from standard input; prints one line "name <tab> p-value" per statistic.
 * The one argument is the battery: small, crush or big. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <TestU01.h>

#define WORDS (1 << 16)

static unsigned int buffer[WORDS];
static size_t used = WORDS;
static double read_words = 0;

static unsigned int next_word(void)
{
    if (used == WORDS) {
        if (fread(buffer, sizeof buffer[0], WORDS, stdin) != WORDS) {
            fprintf(stderr, "the stream of words has ended\n");
            exit(1);
        }
        used = 0;
        read_words += WORDS;
    }
    return buffer[used++];
}

int main(int argc, char **argv)
{
    char name[] = "words";
    unif01_Gen *gen = unif01_CreateExternGenBits(name, next_word);
    const char *battery = argc == 2 ? argv[1] : "";
    int i;

    swrite_Basic = FALSE;
    if (strcmp(battery, "small") == 0)
        bbattery_SmallCrush(gen);
    else if (strcmp(battery, "crush") == 0)
        bbattery_Crush(gen);
    else if (strcmp(battery, "big") == 0)
        bbattery_BigCrush(gen);
    else {
        fprintf(stderr, "usage: crush small|crush|big < words\n");
        return 2;
    }
    for (i = 0; i < bbattery_NTests; i++)
        printf("p\t%s\t%.17g\n", bbattery_TestNames[i], bbattery_pVal[i]);
    printf("words\t%.0f\n", read_words);
    unif01_DeleteExternGenBits(gen);
    return 0;
}
