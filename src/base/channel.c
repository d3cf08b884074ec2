#include "base/channel.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Room for one descriptor, aligned as the kernel wants it. */
union control {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
};

bool tg_channel_create(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0;
}

bool tg_channel_send(int end, const struct tg_channel_message *message, int passed)
{
    struct iovec bytes = {.iov_base = (void *)message, .iov_len = sizeof(*message)};
    struct msghdr head = {.msg_iov = &bytes, .msg_iovlen = 1};
    union control control = {.bytes = {0}};

    if (passed >= 0) {
        head.msg_control = control.bytes;
        head.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&head);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(rights), &passed, sizeof(int));
    }
    ssize_t n = sendmsg(end, &head, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n == (ssize_t)sizeof(*message);
}

static int take_passed(struct msghdr *head)
{
    struct cmsghdr *rights = CMSG_FIRSTHDR(head);
    int fd = -1;

    if (rights != NULL && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(rights), sizeof(int));
    return fd;
}

enum tg_channel_state tg_channel_receive(int end, struct tg_channel_message *message, int *passed,
                                         bool wait)
{
    struct iovec bytes = {.iov_base = message, .iov_len = sizeof(*message)};
    union control control;
    struct msghdr head = {.msg_iov = &bytes,
                          .msg_iovlen = 1,
                          .msg_control = control.bytes,
                          .msg_controllen = sizeof(control.bytes)};
    ssize_t n;

    *passed = -1;
    do
        n = recvmsg(end, &head, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return TG_CHANNEL_NOTHING;
    if (n != (ssize_t)sizeof(*message))
        return TG_CHANNEL_CLOSED;
    *passed = take_passed(&head);
    message->text[TG_CHANNEL_TEXT - 1] = '\0';
    return TG_CHANNEL_MESSAGE;
}
